import test from 'ava';
import { hardlinkId } from '../../src/snapshot/hardlink-id.ts';
import { copied, copy, MADE, MemoryEdit, MemorySource, request } from './support/copy.ts';
import { sha256 } from './support/memory-source.ts';

/** a.txt b.txt run.sh sub/c.txt sub/deep/d.txt */
function tree(): MemorySource {
  return new MemorySource()
    .file('a.txt', 'a')
    .file('b.txt', 'bb')
    .file('run.sh', '#', { mode: 0o755 })
    .file('sub/c.txt', 'ccc')
    .file('sub/deep/d.txt', 'dddd');
}

test('a link over a copied file takes its content away', async (t) => {
  const source = new MemorySource().file('x/n', 'file').symlink('y/n', 'gone');
  const edit = new MemoryEdit();
  const contents = await copy(edit, request(source, ['x', 'y'], '/d/'));
  t.deepEqual([...contents.keys()], []);
  t.is((await edit.lookup('d/n'))?.type, 'symlink');
});

test('devices and FIFOs are made again; a block device as BuildKit makes it', async (t) => {
  const source = new MemorySource()
    .node('n/c', 'char', [1, 7], { mode: 0o620 })
    .node('n/b', 'block', [7, 99])
    .node('n/p', 'fifo', undefined, { mode: 0o640 });
  const edit = new MemoryEdit();
  await copy(edit, request(source, ['n'], '/n'));
  t.like(await edit.lookup('n/c'), { type: 'char', device: [1, 7], mode: 0o620 });
  t.like(await edit.lookup('n/b'), { type: 'char', device: [7, 99] });
  t.like(await edit.lookup('n/p'), { type: 'fifo', mode: 0o640 });
});

test('hard links are kept inside one directory, and only there', async (t) => {
  const source = new MemorySource()
    .file('h/one', 'x', { hardlink: '1:2' })
    .file('h/d/three', 'x', { hardlink: '1:2' })
    .file('h/alone', 'y', { hardlink: '1:3' })
    .file('alone2', 'y', { hardlink: '1:3' });
  const edit = new MemoryEdit();
  await copy(edit, request(source, ['h', 'alone2'], '/h/'));
  const id = hardlinkId(`copy ${sha256('x')}`, 'h/d/three\0h/one');
  t.is((await edit.lookup('h/one'))?.hardlink, id);
  t.is((await edit.lookup('h/d/three'))?.hardlink, id);
  t.false('hardlink' in (await edit.lookup('h/alone'))!);
  t.false('hardlink' in (await edit.lookup('h/alone2'))!);
});

test('xattrs are copied and stay with a --chmod', async (t) => {
  const xattrs: [string, Buffer][] = [['security.capability', Buffer.from([1, 0, 0, 2])]];
  const source = new MemorySource().file('cap', '', { xattrs });
  const edit = new MemoryEdit();
  await copy(edit, request(source, ['cap'], '/c', { chmod: '700' }));
  t.like(await edit.lookup('c'), { mode: 0o700, xattrs });
});

test('--parents makes the directories on the way like the source’s', async (t) => {
  const source = () =>
    new MemorySource().dir('sub', { mode: 0o711, uid: 4 }).dir('sub/deep', { mode: 0o750 }).file('sub/deep/d.txt', 'd');
  t.deepEqual(await copied(source(), ['sub/deep/d.txt'], '/p/', { parents: true, forceRootOwner: false }), [
    'dir 755 0:0 /p',
    'dir 711 4:0 /p/sub',
    'dir 750 0:0 /p/sub/deep',
    'file 644 0:0 /p/sub/deep/d.txt "d"',
  ]);
  const edit = await MemoryEdit.from(new MemorySource().dir('p/sub', { mode: 0o700, uid: 9, mtime: 1n }));
  await copy(edit, request(source(), ['sub/deep/d.txt'], '/p/', { parents: true, forceRootOwner: false }));
  t.like(await edit.lookup('p/sub'), { mode: 0o711, uid: 9, mtime: 1n }, 'one that is there takes the mode only');
});

test('--link does not see what is there: no link followed, directories take the made ones’ mode', async (t) => {
  const edit = await MemoryEdit.from(
    new MemorySource()
      .dir('srv', { mode: 0o700, uid: 5 })
      .file('srv/old', 'old')
      .symlink('l', '/srv')
      .file('f', 'file'),
  );
  const linked = (words: string[], dest: string) => copy(edit, request(tree(), words, dest, { link: true }));
  t.deepEqual([...(await linked(['a.txt'], '/l/')).keys()], ['l/a.txt']);
  t.is((await edit.lookup('l'))?.type, 'dir', 'the link became a directory');
  await linked(['a.txt'], '/srv/');
  t.like(await edit.lookup('srv'), { mode: 0o755, uid: 0, mtime: MADE });
  t.truthy(await edit.lookup('srv/old'));
  await linked(['sub'], '/f');
  t.is((await edit.lookup('f'))?.type, 'dir', 'a file gives way');
  await linked(['a.txt'], '/srv');
  t.is((await edit.lookup('srv'))?.type, 'file', 'a directory too: its name was free');
});

test('--link with --chmod is an ordinary copy', async (t) => {
  const edit = await MemoryEdit.from(new MemorySource().dir('srv', { mode: 0o700 }));
  await copy(edit, request(tree(), ['a.txt'], '/srv', { link: true, chmod: '600' }));
  t.like(await edit.lookup('srv'), { mode: 0o700 });
  t.like(await edit.lookup('srv/a.txt'), { mode: 0o600 });
});

test('what is copied into a new directory is not looked up there', async (t) => {
  const source = new MemorySource();
  for (let i = 0; i < 1000; i++) source.file(`d/${i % 10}/${i}`);
  const edit = new MemoryEdit();
  await copy(edit, request(source, ['d'], '/new'));
  t.is(edit.puts, 1 + 1 + 10 + 1000, 'made, its mtime, directories, files');
  t.true(edit.lookups < 20, `${edit.lookups} lookups`);
});
