import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { removeTree } from '../../src/cas/remove-tree.ts';
import { tempRoot } from './store-fixture.ts';

test('files, directories, names that are no UTF-8, and nothing at all', async (t) => {
  const { root, remove } = tempRoot();
  const top = join(root, 'top');
  mkdirSync(join(top, 'a', 'b'), { recursive: true });
  for (let i = 0; i < 1500; i++) writeFileSync(join(top, 'a', `file ${i}`), '');
  writeFileSync(Buffer.concat([Buffer.from(`${top}/a/b/`), Buffer.from([0xff, 0x80, 0x0a])]), '');
  await removeTree(top);
  t.deepEqual(readdirSync(root), []);
  await removeTree(top);
  writeFileSync(top, 'a file');
  await removeTree(top);
  t.deepEqual(readdirSync(root), []);
  remove();
});

test('symlinks go, what they point to stays', async (t) => {
  const { root, remove } = tempRoot();
  mkdirSync(join(root, 'outside'));
  writeFileSync(join(root, 'outside', 'file'), 'keep');
  mkdirSync(join(root, 'top'));
  symlinkSync('../outside', join(root, 'top', 'directory'));
  symlinkSync('../outside/file', join(root, 'top', 'file'));
  symlinkSync('nowhere', join(root, 'top', 'dangling'));
  await removeTree(join(root, 'top'));
  t.deepEqual(readdirSync(root), ['outside']);
  t.true(existsSync(join(root, 'outside', 'file')));
  symlinkSync('outside', join(root, 'link'));
  await removeTree(join(root, 'link'));
  t.deepEqual(readdirSync(root), ['outside']);
  remove();
});

test('a tree that is deeper than PATH_MAX and than the open files allowed', async (t) => {
  const { root, remove } = tempRoot();
  const top = join(root, 'top');
  // Built from the inside out: each round moves what is there ten long names down.
  const long = 'n'.repeat(200);
  mkdirSync(top);
  for (let round = 0; round < 40; round++) {
    const base = mkdtempSync(join(root, 'round-'));
    let deepest = base;
    for (let i = 0; i < 10; i++) deepest = join(deepest, long);
    mkdirSync(deepest, { recursive: true });
    writeFileSync(join(deepest, 'file'), '');
    renameSync(top, join(deepest, 'top'));
    renameSync(base, top);
  }
  t.throws(() => lstatSync(join(top, ...Array.from({ length: 30 }, () => long))), { code: 'ENAMETOOLONG' });
  await removeTree(top);
  t.deepEqual(readdirSync(root), []);
  remove();
});

test('an ordinary user removes directories that deny reading and writing', (t) => {
  const script = fileURLToPath(new URL('remove-tree-worker.ts', import.meta.url));
  const { root, remove } = tempRoot();
  const top = join(root, 'top');
  if (process.getuid?.() === 0) chmodSync(root, 0o777);
  const { status, stderr } = spawnSync(process.execPath, [script, top], { encoding: 'utf8' });
  t.is(status, 0, stderr);
  t.false(existsSync(top));
  remove();
});
