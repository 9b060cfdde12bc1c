import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { loadLibc } from '../../src/io/libc.ts';
import { digestOf } from '../../src/oci/digest.ts';
import { SMALL_FILE } from '../../src/snapshot/hash-file.ts';
import { memoryCatalog } from './support/memory-catalog.ts';
import { scanDirectory } from './support/source.ts';
import { makeTemp } from './support/temp.ts';

const LARGE = SMALL_FILE * 2;

/** Three directories with five small files and a large one each: 15 small, 3 large. */
function writeContext(root: string): void {
  for (const dir of ['a', 'a/b', 'c']) {
    mkdirSync(join(root, dir), { recursive: true });
    for (let i = 0; i < 5; i++) writeFileSync(join(root, dir, `f${i}`), `${dir} ${i}`);
    writeFileSync(join(root, dir, 'large'), Buffer.alloc(LARGE, dir));
  }
  symlinkSync('a', join(root, 'link'));
}

const smallBytes = (root: string): number =>
  ['a', 'a/b', 'c'].reduce((sum, dir) => sum + 5 * statSync(join(root, dir, 'f0')).size, 0);

test('an unchanged directory is scanned without opening a file, hashing a byte or writing a row', async (t) => {
  using temp = makeTemp();
  const catalog = memoryCatalog();
  writeContext(temp.path);
  const first = await scanDirectory(temp.path, catalog);
  t.like(first.counters, { opened: 18, hashedBytes: smallBytes(temp.path) + 3 * LARGE, quickBytes: 0 });
  t.is(catalog.writes.filter(({ key }) => key !== 'seed').length, 3, 'one row for each directory with files');

  catalog.writes.length = 0;
  const second = await scanDirectory(temp.path, catalog);
  t.like(second.counters, { opened: 0, hashedBytes: 0, quickBytes: 0, listed: 4, stats: 22 });
  t.deepEqual(second.entries, first.entries);
  t.is(catalog.writes.length, 0);
  for (const [path, digest] of second.digests) t.is(digest, digestOf(readFileSync(join(temp.path, path))));
});

test('xattrs are asked for once: ctime shows that a file has got some', async (t) => {
  using temp = makeTemp();
  const catalog = memoryCatalog();
  writeContext(temp.path);
  t.is((await scanDirectory(temp.path, catalog)).counters.xattrs, 21);
  t.is((await scanDirectory(temp.path, catalog)).counters.xattrs, 3, 'of the directories');
  const file = join(temp.path, 'a/f1');
  loadLibc().setXattr(file, 'user.key', Buffer.from('value'));
  for (const asked of [4, 4]) {
    const { counters, entries } = await scanDirectory(temp.path, catalog);
    t.is(counters.xattrs, asked);
    t.deepEqual(entries.get('a/f1')?.xattrs, [['user.key', Buffer.from('value')]]);
  }
  loadLibc().removeXattr(file, 'user.key');
  const { counters, entries } = await scanDirectory(temp.path, catalog);
  t.deepEqual([counters.xattrs, entries.get('a/f1')?.xattrs], [4, undefined]);
  t.is((await scanDirectory(temp.path, catalog)).counters.xattrs, 3);
});

test('one changed file is the only one that is read, and its directory the only row that is written', async (t) => {
  using temp = makeTemp();
  const catalog = memoryCatalog();
  writeContext(temp.path);
  await scanDirectory(temp.path, catalog);
  catalog.writes.length = 0;
  writeFileSync(join(temp.path, 'a/b/f3'), 'other');
  const { counters, digests } = await scanDirectory(temp.path, catalog);
  t.like(counters, { opened: 1, hashedBytes: 5, quickBytes: 0 });
  t.is(digests.get('a/b/f3'), digestOf('other'));
  t.is(catalog.writes.length, 1);
});

test('an edit of the same size with the old mtime put back is seen', async (t) => {
  using temp = makeTemp();
  const catalog = memoryCatalog();
  writeContext(temp.path);
  const file = join(temp.path, 'c/f1');
  const { mtime, atime } = statSync(file);
  utimesSync(file, atime, mtime); // whole µs, so that it can be put back exactly
  await scanDirectory(temp.path, catalog);
  const before = statSync(file, { bigint: true });
  writeFileSync(file, 'C 1');
  utimesSync(file, atime, mtime);
  const after = statSync(file, { bigint: true });
  t.deepEqual([after.mtimeNs, after.size, after.ino], [before.mtimeNs, before.size, before.ino]);
  const { counters, digests } = await scanDirectory(temp.path, catalog);
  t.is(counters.opened, 1);
  t.is(digests.get('c/f1'), digestOf('C 1'));
});

test('a file that is as young as the scan is read again, once', async (t) => {
  using temp = makeTemp();
  const catalog = memoryCatalog();
  writeFileSync(join(temp.path, 'f'), 'old');
  const young = Number(statSync(join(temp.path, 'f'), { bigint: true }).ctimeNs / 1_000_000n);
  await scanDirectory(temp.path, catalog, { now: young + 5 });
  // The same content: only the row's mark changes.
  const again = await scanDirectory(temp.path, catalog);
  t.is(again.counters.opened, 1);
  t.is((await scanDirectory(temp.path, catalog)).counters.opened, 0);
});

test('a change in the same tick as the scan is not missed, whatever the stat says', async (t) => {
  using temp = makeTemp();
  const catalog = memoryCatalog();
  const file = join(temp.path, 'f');
  let same = 0;
  for (let round = 0; round < 40; round++) {
    writeFileSync(file, 'one');
    const before = statSync(file, { bigint: true });
    await scanDirectory(temp.path, catalog, { now: Date.now() });
    writeFileSync(file, 'two');
    const after = statSync(file, { bigint: true });
    if (before.ctimeNs === after.ctimeNs) same++;
    const { digests } = await scanDirectory(temp.path, catalog, { now: Date.now() });
    t.is(digests.get('f'), digestOf('two'));
  }
  t.log(`the stat was the same in ${same} of 40 rounds`);
});

test('a large file whose stat changed is compared by xxh3-128; sha256 is for a difference', async (t) => {
  using temp = makeTemp();
  const catalog = memoryCatalog();
  writeContext(temp.path);
  await scanDirectory(temp.path, catalog);
  for (const dir of ['a', 'c']) utimesSync(join(temp.path, dir, 'large'), 1, 1);
  const touched = await scanDirectory(temp.path, catalog);
  t.like(touched.counters, { opened: 2, hashedBytes: 0, quickBytes: 2 * LARGE });

  writeFileSync(join(temp.path, 'a/large'), Buffer.alloc(LARGE, 'z'));
  const changed = await scanDirectory(temp.path, catalog);
  t.like(changed.counters, { opened: 2, hashedBytes: LARGE, quickBytes: LARGE });
  t.is(changed.digests.get('a/large'), digestOf(Buffer.alloc(LARGE, 'z')));

  appendFileSync(join(temp.path, 'a/large'), '!');
  const grown = await scanDirectory(temp.path, catalog);
  t.like(grown.counters, { opened: 1, hashedBytes: LARGE + 1, quickBytes: 0 }, 'another size needs no comparison');
});

test('xxh3-128 is seeded by the store: equal files have other quick hashes in another store', async (t) => {
  using temp = makeTemp();
  writeFileSync(join(temp.path, 'large'), Buffer.alloc(LARGE));
  const rows = await Promise.all(
    [memoryCatalog(), memoryCatalog()].map(async (catalog) => {
      await scanDirectory(temp.path, catalog);
      return catalog.writes.find(({ key }) => key !== 'seed');
    }),
  );
  const [a, b] = rows.map((row) => (row?.type === 'put' ? row.value.subarray(-16).toString('hex') : ''));
  t.is(a?.length, 32);
  t.not(a, b);
});

test('a fresh git clone of an unchanged tree costs one read of each file and changes no digest', async (t) => {
  using temp = makeTemp();
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=n', '-c', 'user.email=e', ...args], { cwd: temp.path, stdio: 'pipe' });
  mkdirSync(join(temp.path, 'origin'));
  writeContext(join(temp.path, 'origin'));
  git('-C', 'origin', 'init', '-q');
  git('-C', 'origin', 'add', '-A');
  git('-C', 'origin', 'commit', '-qm', 'one');
  const catalog = memoryCatalog();
  const ignores = (path: string) => (path === '.git' ? 'exclude-tree' : 'include');
  const clone = async () => {
    rmSync(join(temp.path, 'work'), { recursive: true, force: true });
    git('clone', '-q', 'origin', 'work');
    return scanDirectory(join(temp.path, 'work'), catalog, { ignores });
  };
  const first = await clone();
  const second = await clone();
  t.is(first.counters.opened, 18);
  t.is(second.counters.opened, 18);
  t.is(second.counters.quickBytes, 3 * LARGE);
  t.is(second.counters.hashedBytes, first.counters.hashedBytes - 3 * LARGE);
  t.deepEqual(second.digests, first.digests);
});

test('what is gone is forgotten: files and directories with all below', async (t) => {
  using temp = makeTemp();
  const catalog = memoryCatalog();
  writeContext(temp.path);
  await scanDirectory(temp.path, catalog);
  catalog.writes.length = 0;
  rmSync(join(temp.path, 'a/f0'));
  rmSync(join(temp.path, 'a/b'), { recursive: true });
  rmSync(join(temp.path, 'c'), { recursive: true });
  await scanDirectory(temp.path, catalog);
  t.deepEqual(catalog.writes.map(({ type }) => type).sort(), ['del', 'del', 'put']);
  const rows: string[] = [];
  for await (const [key] of catalog.rows('stat')) rows.push(key);
  t.is(rows.length, 2, 'the seed, and the row of a');
});

test('a rename, a chmod and a replaced file are seen', async (t) => {
  using temp = makeTemp();
  const catalog = memoryCatalog();
  writeContext(temp.path);
  await scanDirectory(temp.path, catalog);
  renameSync(join(temp.path, 'a/f0'), join(temp.path, 'a/f1'));
  chmodSync(join(temp.path, 'c/f2'), 0o755);
  const { counters, entries, digests } = await scanDirectory(temp.path, catalog);
  t.is(counters.opened, 2);
  t.is(digests.get('a/f1'), digestOf('a 0'));
  t.is(entries.get('c/f2')?.mode, 0o755);
});

test('a row that is damaged or of another version costs reading again, and no more', async (t) => {
  using temp = makeTemp();
  const catalog = memoryCatalog();
  writeContext(temp.path);
  const first = await scanDirectory(temp.path, catalog);
  for (const [i, write] of [...catalog.writes].entries()) {
    if (write.type !== 'put' || write.key === 'seed') continue;
    const value = i % 2 ? write.value.subarray(0, -3) : Buffer.concat([Buffer.from([9]), write.value.subarray(1)]);
    await catalog.write([{ ...write, value }]);
  }
  const second = await scanDirectory(temp.path, catalog);
  t.is(second.counters.opened, 18);
  t.deepEqual(second.digests, first.digests);
  t.is((await scanDirectory(temp.path, catalog)).counters.opened, 0);
});

test('two directories do not share an index', async (t) => {
  using temp = makeTemp();
  const catalog = memoryCatalog();
  writeFileSync(join(temp.path, 'f'), 'x');
  await scanDirectory(temp.path, catalog, { name: 'one' });
  t.is((await scanDirectory(temp.path, catalog, { name: 'two' })).counters.opened, 1);
  t.is((await scanDirectory(temp.path, catalog, { name: 'one' })).counters.opened, 0);
});
