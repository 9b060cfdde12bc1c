import { rmSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { openStore } from '../../../src/cas/open-store.ts';
import { systemClock } from '../../../src/io/clock.ts';
import { silentLog } from '../../../src/io/log.ts';
import { storeBench } from '../support/store-bench.ts';
import { startVarve, varve } from '../support/varve-process.ts';

test.serial('a catalog that is deleted between builds or during one costs time only', async (t) => {
  using bench = await storeBench();
  const context = bench.directory('context', {
    Dockerfile: 'FROM base:1\nRUN echo one > /one\nCOPY Dockerfile /d\nRUN sleep 1; cat /one /d > /two\n',
  });
  const args = ['build', '--store', bench.store, context];
  await varve(...args);
  const deleteCatalog = () => rmSync(join(bench.store, 'v1/catalog'), { recursive: true });

  deleteCatalog();
  const again = await varve(...args);
  t.regex(again.stderr, /DONE/);
  t.notRegex(again.stderr, /CACHED/);
  t.regex((await varve(...args)).stderr, /#3 CACHED/);

  deleteCatalog();
  const running = startVarve(args);
  await new Promise<void>((resolve) => {
    running.child.stderr!.on('data', (text: string) => text.includes('RUN sleep') && resolve());
  });
  deleteCatalog();
  const end = await running.ended;
  t.is(end.code, 0, end.stderr);
  await varve(...args);
  await varve('store', 'verify', '--store', bench.store);
  t.deepEqual(bench.leftovers(), []);
});

test.serial('a build that meets a hole in a tree begins again from the layers, and mends it', async (t) => {
  using bench = await storeBench();
  const context = bench.directory('context', { Dockerfile: 'FROM base:1\nCOPY Dockerfile /usr/bin/d\n', file: 'x' });
  await varve('build', '--store', bench.store, context);
  const store = await openStore(bench.store, { log: silentLog, clock: systemClock });
  const roots = new Set<string>();
  for await (const [, value] of store.catalog.rows('chain')) roots.add(JSON.parse(`${value}`).exact.slice(7));
  for await (const [key] of store.catalog.rows('tree'))
    if (!roots.has(key)) await store.catalog.write([{ type: 'del', space: 'tree', key }]);
  await store.close();

  const damaged = await startVarve(['store', 'verify', '--store', bench.store]).ended;
  t.is(damaged.code, 1);
  t.regex(damaged.stdout, /^chain .* is not whole$/m);

  const other = bench.directory('other', { Dockerfile: 'FROM base:1\nCOPY file /usr/bin/e\n', file: 'y' });
  const built = await varve('build', '--store', bench.store, '--tag', 'built:1', other);
  t.regex(built.stderr, /begins again/);
  await varve('store', 'verify', '--repair', '--store', bench.store).catch(() => undefined);
  await varve('store', 'verify', '--store', bench.store);
  const hit = await varve('build', '--store', bench.store, other);
  t.regex(hit.stderr, /CACHED/);
});
