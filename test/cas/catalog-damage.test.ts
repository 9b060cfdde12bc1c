import {
  closeSync,
  existsSync,
  ftruncateSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { Store } from '../../src/cas/store.ts';
import { pattern } from '../suites/pattern.ts';
import { listLog, openTestStore, tempRoot } from './store-fixture.ts';
import { startWorker } from './worker-fixture.ts';

const COUNT = 3000;
const value = (i: number): Buffer => pattern(1500, i + 1);
const keyOf = (i: number): string => String(i).padStart(6, '0');

/** A store whose catalog has table files, a manifest and a log; closed. */
async function filledStore() {
  const { root, remove } = tempRoot();
  const store = await openTestStore(root);
  for (let from = 0; from < COUNT; from += 500)
    await store.catalog.write(
      Array.from({ length: 500 }, (_, i) => ({
        type: 'put',
        space: 'tree',
        key: keyOf(from + i),
        value: value(from + i),
      })),
    );
  await store.close();
  const directory = join(root, 'v1', 'catalog');
  const files = (pattern: RegExp) =>
    readdirSync(directory)
      .filter((name) => pattern.test(name))
      .map((name) => join(directory, name));
  return { root, remove, directory, files };
}

/** Every row is right or absent, nothing fails, and the catalog takes new rows. */
async function useAll(store: Store): Promise<{ found: number; wrong: number }> {
  const values = await store.catalog.getMany(
    'tree',
    Array.from({ length: COUNT }, (_, i) => keyOf(i)),
  );
  let found = 0;
  let wrong = 0;
  for (const [i, got] of values.entries()) if (got) got.equals(value(i)) ? found++ : wrong++;
  for await (const [key, got] of store.catalog.rows('tree')) if (!got.equals(value(Number(key)))) wrong++;
  await store.catalog.write([{ type: 'put', space: 'use', key: 'new', value: Buffer.from('new') }]);
  if (`${await store.catalog.get('use', 'new')}` !== 'new') wrong++;
  return { found, wrong };
}

function garble(path: string): void {
  writeFileSync(path, pattern(statSync(path).size, 99));
}

/** Overwrites `length` bytes in the middle, the footer with its magic number stays. */
function scratch(path: string, length: number): void {
  const fd = openSync(path, 'r+');
  writeSync(fd, pattern(length, 77), 0, length, Math.floor(statSync(path).size / 2));
  closeSync(fd);
}

function each(paths: string[], damage: (path: string) => void): void {
  if (paths.length === 0) throw new Error('nothing to damage');
  for (const path of paths) damage(path);
}

const TABLE = /\.ldb$/;
const damages: [string, (files: (pattern: RegExp) => string[], directory: string) => void, { warns: boolean }][] = [
  ['a garbled manifest', (files) => each(files(/^MANIFEST/), garble), { warns: true }],
  ['an empty manifest', (files) => each(files(/^MANIFEST/), (path) => truncateSync(path)), { warns: true }],
  ['no manifest', (files) => each(files(/^MANIFEST/), (path) => rmSync(path)), { warns: true }],
  ['a garbled CURRENT', (files) => each(files(/^CURRENT$/), garble), { warns: true }],
  ['an empty CURRENT', (files) => each(files(/^CURRENT$/), (path) => truncateSync(path)), { warns: true }],
  ['garbled tables', (files) => each(files(TABLE), garble), { warns: true }],
  ['scratched tables', (files) => each(files(TABLE), (path) => scratch(path, 5000)), { warns: true }],
  ['a flipped byte in a table', (files) => scratch(files(TABLE)[0]!, 1), { warns: true }],
  [
    'truncated tables',
    (files) => each(files(TABLE), (path) => truncateSync(path, statSync(path).size >> 1)),
    { warns: true },
  ],
  ['empty tables', (files) => each(files(TABLE), (path) => truncateSync(path)), { warns: true }],
  ['missing tables', (files) => each(files(TABLE), (path) => rmSync(path)), { warns: true }],
  ['a garbled log', (files) => each(files(/\.log$/), garble), { warns: false }],
  [
    'a truncated log',
    (files) => each(files(/\.log$/), (path) => truncateSync(path, statSync(path).size >> 1)),
    { warns: false },
  ],
  ['no CURRENT', (files) => each(files(/^CURRENT$/), (path) => rmSync(path)), { warns: false }],
  ['garbage in every file', (files) => each(files(/./), garble), { warns: true }],
  ['no catalog', (_, directory) => rmSync(directory, { recursive: true }), { warns: false }],
  [
    'a file in place of the directory',
    (_, directory) => {
      rmSync(directory, { recursive: true });
      writeFileSync(directory, 'x');
    },
    { warns: true },
  ],
];

for (const [name, damage, { warns }] of damages) {
  test(`${name}: the catalog goes on, with right rows or none`, async (t) => {
    const { root, remove, directory, files } = await filledStore();
    damage(files, directory);
    const log = listLog();
    const store = await openTestStore(root, log);
    const { found, wrong } = await useAll(store);
    t.is(wrong, 0);
    t.log(`${found} of ${COUNT} rows left; ${log.warnings.join('; ')}`);
    await store.close();
    t.is(log.warnings.length, warns ? 1 : 0);
    if (warns) t.true(existsSync(`${directory}.broken`));

    const calm = listLog();
    const again = await openTestStore(root, calm);
    t.is(`${await again.catalog.get('use', 'new')}`, 'new');
    await again.close();
    t.deepEqual(calm.warnings, []);
    remove();
  });
}

test('damage while several processes use the catalog: clients and owner go on', async (t) => {
  const { root, remove, files } = await filledStore();
  const logs = [listLog(), listLog()] as const;
  const owner = await openTestStore(root, logs[0]);
  const client = await openTestStore(root, logs[1]);
  for (const path of files(TABLE)) {
    const fd = openSync(path, 'r+');
    ftruncateSync(fd, 100);
    closeSync(fd);
  }
  const results = await Promise.all([useAll(client), useAll(owner), useAll(client)]);
  t.true(results.every(({ wrong }) => wrong === 0));
  t.is(logs[0].warnings.length, 1);
  t.deepEqual(logs[1].warnings, []);
  await client.close();
  await owner.close();
  remove();
});

test('a catalog that is deleted while it is used is made anew', async (t) => {
  const { root, remove, directory } = await filledStore();
  const store = await openTestStore(root);
  rmSync(directory, { recursive: true });
  // More than the write buffer, so that LevelDB needs new files.
  for (let i = 0; i < 8; i++)
    await store.catalog.write([{ type: 'put', space: 'stat', key: `big ${i}`, value: pattern(1_000_000, i + 1) }]);
  t.is((await useAll(store)).wrong, 0);
  t.true((await store.catalog.get('stat', 'big 7'))?.equals(pattern(1_000_000, 8)));
  await store.close();
  t.is(readFileSync(join(directory, 'CURRENT'), 'latin1').slice(0, 9), 'MANIFEST-');
  remove();
});

test('damage that kills every process that reads it is noticed, and the store is usable again', async (t) => {
  const { root, remove, directory, files } = await filledStore();
  for (const path of files(TABLE)) shortenFirstIndexKey(path);
  const signals: (string | null)[] = [];
  for (let i = 0; i < 3; i++) signals.push((await startWorker('read', root).ended)[1]);
  t.deepEqual(signals, ['SIGABRT', 'SIGABRT', 'SIGABRT']);
  const fourth = startWorker('read', root);
  t.deepEqual(await fourth.ended, [0, null]);
  t.true(fourth.lines.some((line) => line.startsWith('warn') && line.includes('processes died with it')));
  t.true(existsSync(`${directory}.broken`));
  const fifth = startWorker('read', root);
  await fifth.ended;
  t.deepEqual(fifth.lines, ['open', 'read 0', 'closed']);
  remove();
});

test('owners that are killed do not cost the catalog its rows', async (t) => {
  const { root, remove } = await filledStore();
  for (let i = 0; i < 5; i++) {
    const worker = startWorker('hold', root);
    await worker.line('open');
    await worker.kill();
  }
  const log = listLog();
  const store = await openTestStore(root, log);
  t.deepEqual(await useAll(store), { found: COUNT, wrong: 0 });
  t.deepEqual(log.warnings, []);
  await store.close();
  remove();
});

/** LevelDB asserts that an internal key has 8 bytes; it does not look whether the file says so. */
function shortenFirstIndexKey(path: string): void {
  const table = readFileSync(path);
  // The footer: two block handles of two varints each, the second one is the index's (leveldb/doc/table_format.md).
  let at = table.length - 48;
  const varint = (): number => {
    let result = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = table[at++]!;
      result += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return result;
    }
  };
  const [, , index] = [varint(), varint(), varint()] as const;
  const key = table.indexOf('tree!', index);
  table[key - 2] = 3; // shared length, own length, value length, key
  writeFileSync(path, table);
}
