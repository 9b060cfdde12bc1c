import { readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { memoryCatalog } from '../snapshot/support/memory-catalog.ts';
import { makeTemp } from '../snapshot/support/temp.ts';
import { ageIndex, git } from './support/git.ts';
import { clone, FILES, isTrue, makeRepository, scan } from './support/git-repository.ts';

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
