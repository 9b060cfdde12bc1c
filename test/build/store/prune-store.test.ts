import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { storeBench } from '../support/store-bench.ts';
import { startVarve, varve } from '../support/varve-process.ts';

test.serial('du counts, prune takes away by policy, and what is left builds', async (t) => {
  using bench = await storeBench();
  const at = ['--store', bench.store];
  const du = async () => JSON.parse((await varve('store', 'du', ...at, '--format', 'json')).stdout);
  const context = bench.directory('context', {
    Dockerfile: 'FROM base:1\nRUN --mount=type=cache,target=/c echo one | tee /one > /c/f\nCOPY Dockerfile /d\n',
  });
  await varve('build', ...at, context);
  const full = await du();
  t.deepEqual(
    [full.blobs.count, full.layers.count, full.mounts.count, full.spaces.record.rows],
    [3 + 2 + 2, 2, 1, 4],
    'base: config, manifest, layer; two steps; config, manifest. Base and RUN are unpacked',
  );

  const dry = await varve('store', 'prune', ...at, '--dry-run');
  t.regex(dry.stdout, /would remove 2 things/);
  t.deepEqual((await du()).blobs, full.blobs);
  const garbage = JSON.parse((await varve('store', 'prune', ...at, '--format', 'json')).stdout);
  t.deepEqual(
    garbage.removed.map(({ kind, reason }: { kind: string; reason: string }) => `${kind} ${reason}`),
    ['blob unreferenced', 'blob unreferenced'],
    'the documents of an image without a name',
  );
  t.regex((await varve('build', ...at, context)).stderr, /#2 CACHED/);

  t.regex((await varve('store', 'prune', ...at, '--older-than', '1h')).stdout, /removed 2 things/);
  await varve('store', 'prune', ...at, '--keep-storage', '0');
  const small = await du();
  t.deepEqual([small.blobs.count, small.layers.count, small.mounts.count], [3, 0, 0], 'the base has a name');
  t.is(small.spaces.record.rows, 0);
  t.deepEqual(small.spaces.frame.rows > 0, true);
  await varve('store', 'verify', ...at);
  t.regex((await varve('build', ...at, context)).stderr, /#1 DONE/);

  await varve('store', 'prune', ...at, '--all');
  const empty = await du();
  t.deepEqual([empty.blobs.count, empty.layers.count, empty.mounts.count], [0, 0, 0]);
  for (const space of ['tree', 'chain', 'record', 'frame', 'history', 'use']) t.is(empty.spaces[space].rows, 0, space);
  const failed = await startVarve(['build', ...at, context]).ended;
  t.not(failed.code, 0, 'base:1 is gone, and no registry has it');
  t.deepEqual(bench.leftovers(), []);
});

test.serial('prune --all leaves a running build what it needs', async (t) => {
  using bench = await storeBench();
  const at = ['--store', bench.store];
  const context = bench.directory('context', {
    Dockerfile: [
      'FROM base:1',
      'RUN echo one > /one',
      'RUN --mount=type=cache,target=/c touch /c/kept; while [ ! -e /c/go ]; do sleep 0.1; done; cp /one /two',
      'COPY Dockerfile /usr/bin/d',
      'RUN ls /usr/bin/d /two',
    ].join('\n'),
  });
  const running = startVarve(['build', ...at, '--progress', 'plain', context]);
  const mounts = join(bench.store, 'v1/mounts');
  const data = () => readdirSync(mounts).find((name) => existsSync(join(mounts, name, 'data/kept')));
  while (!data() && running.child.exitCode === null) await new Promise((resolve) => setTimeout(resolve, 20));

  const pruned = JSON.parse((await varve('store', 'prune', ...at, '--all', '--format', 'json')).stdout);
  t.true(pruned.treesKept);
  t.false(
    pruned.removed.some(({ kind }: { kind: string }) => kind !== 'blob'),
    'every directory is in use',
  );
  await varve('store', 'verify', ...at).catch((error: Error) => t.fail(error.message));
  writeFileSync(join(mounts, data()!, 'data/go'), '');
  const end = await running.ended;
  t.is(end.code, 0, end.stderr);
  await varve('store', 'verify', ...at);
  t.deepEqual(bench.leftovers(), []);
});

for (const [flags, says] of [
  [['--max-size', 'much'], /'--max-size <size>' argument 'much' is invalid. it is a size/],
  [['--older-than', '7 days'], /it is a duration such as 90m, 48h or 7d/],
  [['--max-size', '1GB', '--keep-storage', '2GB'], /cannot be used with/],
  [['--colour'], /unknown option '--colour'/],
] as const) {
  test.serial(`store prune ${flags.join(' ')} is refused`, async (t) => {
    const end = await startVarve(['store', 'prune', '--store', '/nonexistent', ...flags]).ended;
    t.is(end.code, 2);
    t.regex(end.stderr, says);
  });
}
