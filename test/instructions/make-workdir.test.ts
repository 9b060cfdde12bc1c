import test from 'ava';
import { makeWorkdir } from '../../src/instructions/make-workdir.ts';
import { MADE, MemoryEdit, MemorySource } from './support/copy.ts';

const made = (parent: { mtime: bigint }) => parent.mtime + MADE;

test('what is missing is made 0755 with the owner, what is there stays', async (t) => {
  const edit = await MemoryEdit.from(new MemorySource().dir('w', { mode: 0o700, uid: 1, mtime: 10n }));
  await makeWorkdir(edit, '/w/app/deep/', { uid: 123, gid: 456 }, made);
  t.deepEqual(await edit.dump(), ['dir 700 1:0 /w', 'dir 755 123:456 /w/app', 'dir 755 123:456 /w/app/deep']);
  t.is((await edit.lookup('w/app/deep'))?.mtime, 10n + 2n * MADE);
});

test('a directory that is there, the root too, changes nothing', async (t) => {
  const edit = await MemoryEdit.from(new MemorySource().dir('w'));
  await makeWorkdir(edit, '/w', { uid: 5, gid: 5 }, made);
  await makeWorkdir(edit, '/', { uid: 5, gid: 5 }, made);
  t.is(edit.puts, 0);
});

test('links are followed inside the root, dangling ones made', async (t) => {
  const edit = await MemoryEdit.from(new MemorySource().dir('srv').symlink('l', '../../srv').symlink('dang', 'x/y'));
  await makeWorkdir(edit, '/l/a', { uid: 0, gid: 0 }, made);
  await makeWorkdir(edit, '/dang', { uid: 0, gid: 0 }, made);
  t.truthy(await edit.lookup('srv/a'));
  t.truthy(await edit.lookup('x/y'));
  t.is((await edit.lookup('dang'))?.type, 'symlink');
});

test('a file on the way is an error that names the path', async (t) => {
  const edit = await MemoryEdit.from(new MemorySource().file('etc/passwd'));
  for (const path of ['/etc/passwd', '/etc/passwd/x/y']) {
    const error = await t.throwsAsync(makeWorkdir(edit, path, { uid: 0, gid: 0 }, made), { code: 'NOT_A_DIRECTORY' });
    t.true(error?.message.includes(`mkdir ${path}: not a directory`));
  }
});
