import {
  appendFileSync,
  chmodSync,
  existsSync,
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
import test, { type ExecutionContext } from 'ava';
import { type GitIndexUse, openDirectoryContext } from '../../src/context/directory-context.ts';
import { fromText } from '../../src/io/byte-path.ts';
import { loadLibc } from '../../src/io/libc.ts';
import { digestOf } from '../../src/oci/digest.ts';
import { listLog } from '../cas/store-fixture.ts';
import { type MemoryCatalog, memoryCatalog } from '../snapshot/support/memory-catalog.ts';
import { readSource } from '../snapshot/support/source.ts';
import { makeTemp } from '../snapshot/support/temp.ts';
import { ageIndex, git } from './support/git.ts';

const FILES = 12;
const LARGE = 200_000;

/** A repository with 12 files, one of which is large and one executable. */
function makeRepository(path: string, ...init: string[]): void {
  mkdirSync(join(path, 'sub/deep'), { recursive: true });
  git(path, 'init', '-q', ...init);
  for (let i = 0; i < 9; i++) writeFileSync(join(path, ['', 'sub', 'sub/deep'][i % 3]!, `f${i}`), `file ${i}\n`);
  writeFileSync(join(path, 'sub/large'), Buffer.alloc(LARGE, 'x'));
  writeFileSync(join(path, 'run.sh'), '#!/bin/sh\n');
  chmodSync(join(path, 'run.sh'), 0o755);
  writeFileSync(Buffer.from(`${fromText(path)}/n\xe4me\n`, 'latin1'), 'bytes');
  symlinkSync('f0', join(path, 'link'));
  commit(path);
}

function commit(path: string): void {
  git(path, 'add', '-A');
  git(path, 'commit', '-qm', 'c');
}

function clone(from: string, to: string, ...more: string[]): string {
  git('/', 'clone', '-q', ...more, from, to);
  ageIndex(to);
  return to;
}

async function scan(root: string, catalog: MemoryCatalog, gitIndex: GitIndexUse = 'auto') {
  const log = listLog();
  const context = await openDirectoryContext({
    path: root,
    // .git itself is no part of what is counted.
    ignores: (path) => (/(^|\/)\.git$/.test(path) ? 'exclude-tree' : 'include'),
    catalog,
    libc: loadLibc(),
    clock: { now: () => Date.now() + 60_000, monotonic: () => 0 },
    signal: new AbortController().signal,
    log,
    gitIndex,
    program: (name) => `/usr/bin/${name}`,
  });
  const entries = await readSource(context.source);
  await context.flush();
  return { entries, opened: context.source.counters.opened, log };
}

/** Held against the bytes on disk, whatever was read to find them. */
function isTrue(t: ExecutionContext, root: string, { entries }: Awaited<ReturnType<typeof scan>>): void {
  for (const [path, { digest }] of entries)
    if (digest) t.is(digest, digestOf(readFileSync(Buffer.from(`${fromText(root)}/${path}`, 'latin1'))), path);
}

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

/** Each makes something unclear about `f0` (or all) in a second clone: the number of files that are read then. */
const doubts: readonly (readonly [string, number, (root: string) => void])[] = [
  ['the file was edited', 1, (root) => writeFileSync(join(root, 'f0'), 'FILE 0\n')],
  [
    'an edit of the same size with the time put back',
    1,
    (root) => {
      const { atime, mtime } = statSync(join(root, 'f0'));
      writeFileSync(join(root, 'f0'), 'FILE 0\n');
      utimesSync(join(root, 'f0'), atime, mtime);
    },
  ],
  [
    'assume-unchanged hides an edit',
    1,
    (root) => {
      git(root, 'update-index', '--assume-unchanged', 'f0');
      writeFileSync(join(root, 'f0'), 'FILE 0\n');
    },
  ],
  ['assume-unchanged, though nothing changed', 1, (root) => git(root, 'update-index', '--assume-unchanged', 'f0')],
  ['skip-worktree', 1, (root) => git(root, 'update-index', '--skip-worktree', 'f0')],
  [
    'intent to add',
    1,
    (root) => {
      writeFileSync(join(root, 'new'), 'new');
      git(root, 'add', '-N', 'new');
    },
  ],
  ['an untracked file', 1, (root) => writeFileSync(join(root, 'untracked'), 'u')],
  ['the index is as old as the files', FILES, (root) => utimesSync(join(root, '.git/index'), 1, 1)],
  ['a filter', FILES, (root) => writeFileSync(join(root, '.git/info/attributes'), '* filter=lfs\n')],
  [
    'an encoding of some files',
    4,
    (root) =>
      writeFileSync(
        join(root, '.git/info/attributes'),
        'f* -filter\nsub/**/* working-tree-encoding=UTF-16\nsub/deep/* -working-tree-encoding\n',
      ),
  ],
  ['ident of one file', 1, (root) => writeFileSync(join(root, '.git/info/attributes'), 'f0 ident\n')],
  ['a split index', FILES, (root) => git(root, 'update-index', '--split-index')],
  [
    'a damaged index',
    FILES,
    (root) => {
      const bytes = readFileSync(join(root, '.git/index'));
      bytes[bytes.length >> 1]! ^= 1;
      writeFileSync(join(root, '.git/index'), bytes);
    },
  ],
  ['no index', FILES, (root) => rmSync(join(root, '.git/index'))],
  ['no repository', FILES, (root) => rmSync(join(root, '.git'), { recursive: true })],
  ['a rename over another file', 1, (root) => renameSync(join(root, 'sub/f1'), join(root, 'sub/f4'))],
  [
    'a conflict',
    1,
    (root) => {
      const id = git(root, 'rev-parse', 'HEAD:f0').trim();
      const other = git(root, 'rev-parse', 'HEAD:f3').trim();
      git(root, 'update-index', '--force-remove', 'f0');
      const lines = [`100644 ${id} 1\tf0`, `100644 ${id} 2\tf0`, `100644 ${other} 3\tf0`].join('\n');
      writeFileSync(join(root, '.git/lines'), `${lines}\n`);
      git(root, '-c', 'alias.put=!git update-index --index-info < .git/lines', 'put');
    },
  ],
];
for (const [name, reads, change] of doubts)
  test(`in doubt it reads: ${name}`, async (t) => {
    using temp = makeTemp();
    const catalog = memoryCatalog();
    const origin = join(temp.path, 'origin');
    makeRepository(origin);
    await scan(clone(origin, join(temp.path, 'one')), catalog);
    const two = clone(origin, join(temp.path, 'two'));
    const keep = /index is as old|no index|no repository/.test(name);
    change(two);
    if (!keep) ageIndex(two);
    const result = await scan(two, catalog);
    const added = /untracked|intent/.test(name) ? 1 : 0;
    t.is(result.opened, reads);
    t.is(
      [...result.entries.values()].filter(({ type }) => type === 'file').length,
      FILES + added - (/rename/.test(name) ? 1 : 0),
    );
    isTrue(t, two, result);
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
