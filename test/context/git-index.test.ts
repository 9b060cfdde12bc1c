import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { digestOf } from '../../src/oci/digest.ts';
import { memoryCatalog } from '../snapshot/support/memory-catalog.ts';
import { makeTemp } from '../snapshot/support/temp.ts';
import { ageIndex, git } from './support/git.ts';
import { clone, commit, FILES, isTrue, LARGE, makeRepository, scan } from './support/git-repository.ts';

const versions = [
  ['version 2, sha1', [], ['-c', 'index.version=2']],
  ['version 4, sha1', [], ['-c', 'index.version=4']],
  ['version 2, sha256', ['--object-format=sha256'], []],
] as const;
for (const [name, init, more] of versions)
  test(`a fresh clone at another path reads nothing that was known (${name})`, async (t) => {
    using temp = makeTemp();
    const catalog = memoryCatalog();
    makeRepository(join(temp.path, 'origin'), ...init);
    const one = await scan(clone(join(temp.path, 'origin'), join(temp.path, 'one'), ...more), catalog);
    t.is(one.opened, FILES);
    isTrue(t, join(temp.path, 'one'), one);
    const two = await scan(clone(join(temp.path, 'origin'), join(temp.path, 'two'), ...more), catalog);
    t.is(two.opened, 0);
    isTrue(t, join(temp.path, 'two'), two);
    t.is((await scan(join(temp.path, 'two'), catalog, 'off')).opened, 0, 'the stat index learned from git');
  });

test('a change of one file costs one read, here and in the next clone', async (t) => {
  using temp = makeTemp();
  const catalog = memoryCatalog();
  const origin = join(temp.path, 'origin');
  makeRepository(origin);
  await scan(clone(origin, join(temp.path, 'one')), catalog);
  writeFileSync(join(origin, 'sub/f1'), 'FILE 1\n');
  commit(origin);
  catalog.writes.length = 0;
  const two = await scan(clone(origin, join(temp.path, 'two')), catalog);
  t.is(two.opened, 1);
  t.is(catalog.writes.filter(({ space }) => space === 'git').length, 1);
  isTrue(t, join(temp.path, 'two'), two);
  t.is((await scan(clone(origin, join(temp.path, 'three')), catalog)).opened, 0);
});

test('a context below the top of the working tree, and a linked working tree', async (t) => {
  using temp = makeTemp();
  const catalog = memoryCatalog();
  const origin = join(temp.path, 'origin');
  makeRepository(origin);
  await scan(clone(origin, join(temp.path, 'one')), catalog);
  const two = clone(origin, join(temp.path, 'two'));
  const sub = await scan(join(two, 'sub'), catalog);
  t.is(sub.opened, 0);
  t.is(sub.entries.get('large')?.digest, digestOf(Buffer.alloc(LARGE, 'x')));
  git(two, 'worktree', 'add', '-q', '../linked');
  const later = Date.now() / 1000 + 60;
  utimesSync(join(two, '.git/worktrees/linked/index'), later, later);
  t.is((await scan(join(temp.path, 'linked'), catalog)).opened, 0);
});

test('--no-git-index reads, and --git-index says why it cannot help', async (t) => {
  using temp = makeTemp();
  const catalog = memoryCatalog();
  const origin = join(temp.path, 'origin');
  makeRepository(origin);
  await scan(clone(origin, join(temp.path, 'one')), catalog);
  const two = clone(origin, join(temp.path, 'two'));
  const off = await scan(two, catalog, 'off');
  t.is(off.opened, FILES);
  mkdirSync(join(temp.path, 'plain'));
  writeFileSync(join(temp.path, 'plain/f'), 'x');
  const on = await scan(join(temp.path, 'plain'), memoryCatalog(), 'on');
  t.is(on.opened, 1);
  t.regex(on.log.warnings.join(), /git's index is not used for .*plain: .*not a git repository/);
  t.deepEqual((await scan(join(temp.path, 'plain'), memoryCatalog())).log.warnings, []);
});

test('a sparse checkout with a sparse index', async (t) => {
  using temp = makeTemp();
  const catalog = memoryCatalog();
  const origin = join(temp.path, 'origin');
  makeRepository(origin);
  mkdirSync(join(origin, 'other'));
  writeFileSync(join(origin, 'other/file'), 'other');
  commit(origin);
  await scan(clone(origin, join(temp.path, 'one')), catalog);
  const two = clone(origin, join(temp.path, 'two'));
  git(two, 'sparse-checkout', 'set', '--cone', '--sparse-index', 'sub/deep');
  ageIndex(two);
  const result = await scan(two, catalog);
  t.is(result.opened, 0);
  t.false(existsSync(join(two, 'other')));
  t.true(readFileSync(join(two, '.git/index')).includes('sdir'));
  isTrue(t, two, result);
});

test('files of a submodule are read', async (t) => {
  using temp = makeTemp();
  const catalog = memoryCatalog();
  const [origin, module] = [join(temp.path, 'origin'), join(temp.path, 'module')];
  makeRepository(origin);
  makeRepository(module);
  git(origin, 'submodule', '--quiet', 'add', module, 'mod');
  commit(origin);
  await scan(clone(origin, join(temp.path, 'one'), '--recurse-submodules'), catalog);
  const two = clone(origin, join(temp.path, 'two'), '--recurse-submodules');
  const result = await scan(two, catalog);
  t.is(result.opened, FILES);
  isTrue(t, two, result);
});

test('line endings that git converts are read: on disk is not what the blob is', async (t) => {
  using temp = makeTemp();
  const catalog = memoryCatalog();
  const origin = join(temp.path, 'origin');
  makeRepository(origin);
  await scan(clone(origin, join(temp.path, 'one')), catalog);
  const crlf = clone(origin, join(temp.path, 'two'), '-c', 'core.autocrlf=true');
  t.is(readFileSync(join(crlf, 'f0'), 'utf8'), 'file 0\r\n');
  const result = await scan(crlf, catalog);
  t.is(result.opened, 10, 'nine files and the script have line ends');
  isTrue(t, crlf, result);
  // Nothing wrong was learned from it.
  const three = await scan(clone(origin, join(temp.path, 'three')), catalog);
  t.is(three.opened, 0);
  isTrue(t, join(temp.path, 'three'), three);
});

test('a filter that keeps the size teaches nothing, even when its attribute is gone by now', async (t) => {
  using temp = makeTemp();
  const catalog = memoryCatalog();
  const origin = join(temp.path, 'origin');
  makeRepository(origin);
  git(origin, 'config', 'filter.up.clean', 'tr A-Z a-z');
  writeFileSync(join(origin, '.git/info/attributes'), 'f* filter=up\n');
  appendFileSync(join(origin, 'f0'), 'UPPER\n');
  commit(origin);
  rmSync(join(origin, '.git/info/attributes'));
  ageIndex(origin);
  // The index now says that the file with UPPER is the blob with upper.
  const first = await scan(origin, catalog);
  isTrue(t, origin, first);
  const two = await scan(clone(origin, join(temp.path, 'two')), catalog);
  t.is(two.opened, 1);
  isTrue(t, join(temp.path, 'two'), two);
});

test('a row of the map that is damaged costs reading again', async (t) => {
  using temp = makeTemp();
  const catalog = memoryCatalog();
  const origin = join(temp.path, 'origin');
  makeRepository(origin);
  await scan(clone(origin, join(temp.path, 'one')), catalog);
  for await (const [key, value] of catalog.rows('git'))
    await catalog.write([{ type: 'put', space: 'git', key, value: value.subarray(0, -1) }]);
  const two = await scan(clone(origin, join(temp.path, 'two')), catalog);
  t.is(two.opened, FILES);
  isTrue(t, join(temp.path, 'two'), two);
});
