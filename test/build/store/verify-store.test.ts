import { appendFileSync, chmodSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { openStore } from '../../../src/cas/open-store.ts';
import type { Store } from '../../../src/cas/store.ts';
import { systemClock } from '../../../src/io/clock.ts';
import { silentLog } from '../../../src/io/log.ts';
import { type StoreBench, storeBench } from '../support/store-bench.ts';
import { startVarve, varve } from '../support/varve-process.ts';

interface Row {
  readonly title: string;
  damage(bench: StoreBench): void | Promise<void>;
  /** What verify says of it. */
  readonly says: RegExp;
}

/** The unpacked layer of a step, or of the base. */
function layer(bench: StoreBench, has: string): string {
  const layers = join(bench.store, 'v1/layers');
  const name = readdirSync(layers).find((each) => statSync(join(layers, each, has), { throwIfNoEntry: false }));
  return join(layers, name!);
}

/** The largest blob: the base's layer; the smallest: a document of an image. */
function blobs(bench: StoreBench): string[] {
  const directory = join(bench.store, 'v1/blobs/sha256');
  const paths = readdirSync(directory).map((name) => join(directory, name));
  return paths.sort((a, b) => statSync(b).size - statSync(a).size);
}

async function withStore(bench: StoreBench, action: (store: Store) => Promise<void>): Promise<void> {
  const store = await openStore(bench.store, { log: silentLog, clock: systemClock });
  await action(store);
  await store.close();
}

const rows: readonly Row[] = [
  {
    title: 'a blob with another byte',
    damage: (bench) => writeAt(blobs(bench).at(-1)!),
    says: /^blob \w+: has the digest/m,
  },
  {
    title: 'no blob',
    damage: (bench) => writeFileSync(join(bench.store, 'v1/blobs/sha256/x'), ''),
    says: /is no blob/,
  },
  {
    title: 'a file of an unpacked layer with other content of the same size',
    damage: (bench) => writeFileSync(join(layer(bench, 'one'), 'one'), 'OWN\n'),
    says: /\/one has other content/,
  },
  {
    title: 'a file of another size',
    damage: (bench) => appendFileSync(join(layer(bench, 'one'), 'two'), 'x'),
    says: /\/two has 5 bytes instead of 4/,
  },
  {
    title: 'a missing file',
    damage: (bench) => rmSync(join(layer(bench, 'bin'), 'etc/passwd')),
    says: /\/etc\/passwd is missing/,
  },
  {
    title: 'a file that was never there',
    damage: (bench) => writeFileSync(join(layer(bench, 'bin'), 'etc/shadow'), 'root::\n'),
    says: /\/etc\/shadow is not in the layer/,
  },
  {
    title: 'another mode',
    damage: (bench) => chmodSync(join(layer(bench, 'bin'), 'bin/busybox'), 0o4755),
    says: /\/bin\/busybox has mode 4755 instead of 755/,
  },
  {
    title: 'another type',
    damage(bench) {
      rmSync(join(layer(bench, 'one'), 'three'));
      symlinkSync('/etc/passwd', join(layer(bench, 'one'), 'three'));
    },
    says: /\/three is a symlink instead of a file/,
  },
  {
    title: 'a whiteout that is gone',
    damage: (bench) => rmSync(join(layer(bench, 'one'), 'etc/group')),
    says: /\/etc\/group is no whiteout/,
  },
  {
    title: 'a tree node with other bytes',
    damage: (bench) => changeRows(bench, 'tree', (value) => Buffer.concat([value, Buffer.from('x')]), 1),
    says: /^tree \w+: its bytes are not what its name says/m,
  },
  {
    title: 'a record that nobody can read',
    damage: (bench) => changeRows(bench, 'record', () => Buffer.from('{}'), 1),
    says: /^record \w+: it cannot be read/m,
  },
  {
    title: 'a frame that ends after its blob',
    // All of them: one may be of the blob that is damaged above, which is told of it instead.
    damage: (bench) => changeRows(bench, 'frame', (value) => Buffer.from(value).fill(0x10, 75, 78)),
    says: /^frame \w+: it ends after its blob/m,
  },
];

function writeAt(path: string): void {
  writeFileSync(path, 'X', { flag: 'r+' });
}

async function changeRows(
  bench: StoreBench,
  space: 'tree' | 'record' | 'frame',
  change: (value: Buffer) => Buffer,
  most = Number.POSITIVE_INFINITY,
) {
  await withStore(bench, async ({ catalog }) => {
    let changed = 0;
    for await (const [key, value] of catalog.rows(space)) {
      if (changed++ === most) return;
      await catalog.write([{ type: 'put', space, key, value: change(value) }]);
    }
  });
}

test('each damage is named, repaired when asked, and built again', async (t) => {
  t.timeout(300_000);
  using bench = await storeBench();
  const context = bench.directory('context', {
    Dockerfile: 'FROM base:1\nRUN for n in one two three; do echo own > /$n; done; rm /etc/group\nCOPY Dockerfile /d\n',
  });
  const at = ['--store', bench.store];
  await varve('build', ...at, context);
  for (const { damage } of rows) await damage(bench);
  const found = await startVarve(['store', 'verify', ...at, '--repair']).ended;
  t.is(found.code, 1);
  for (const { title, says } of rows) t.regex(found.stdout, says, title);
  t.notRegex(found.stdout, /not dropped/);

  await varve('import', ...at, join(bench.path, 'base.tar'), 'base:1');
  await varve('build', ...at, context);
  const whole = await startVarve(['store', 'verify', ...at]).ended;
  t.is(whole.code, 0, whole.stdout);

  // Names that cannot be read: another image may have the name elsewhere, so no build goes on by guessing.
  writeFileSync(join(bench.store, 'v1/index.json'), '{"schemaVersion":2,"manif');
  const refused = await startVarve(['build', ...at, context]).ended;
  t.is(refused.code, 1);
  t.regex(refused.stderr, /index\.json, which has the names .*is damaged\n(?:.*\n)*hint: varve store verify --repair/);
  t.is((await startVarve(['store', 'prune', ...at]).ended).code, 1);
  const forgot = await startVarve(['store', 'verify', ...at, '--repair']).ended;
  t.regex(forgot.stdout, /^image index\.json: .*is damaged/m);
  await varve('import', ...at, join(bench.path, 'base.tar'), 'base:1');
  await varve('build', ...at, context);
});

test('a store that got every step from a cache is whole: trees that nobody needed are no damage', async (t) => {
  using bench = await storeBench();
  const context = bench.directory('context', { Dockerfile: 'FROM base:1\nRUN echo 1 > /one\nCOPY Dockerfile /d\n' });
  const flags = ['--store', bench.store, '--cache-repo', `oci:${join(bench.path, 'cache')}`, context];
  await varve('build', ...flags);
  // The base stays; records and trees go.
  await withStore(bench, async ({ catalog }) => {
    for (const space of ['record', 'chain', 'tree'] as const)
      for await (const [key] of catalog.rows(space)) await catalog.write([{ type: 'del', space, key }]);
  });
  const hit = await varve('build', ...flags);
  t.regex(hit.stderr, /2 cached/);
  const whole = await startVarve(['store', 'verify', '--store', bench.store]).ended;
  t.is(whole.code, 0, whole.stdout);
});
