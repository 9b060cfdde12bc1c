import test from 'ava';
import { applyArchive } from '../../src/instructions/add-archive.ts';
import type { CopiedContents, CopyRequest } from '../../src/instructions/copy-request.ts';
import type { ReadArchiveItem } from '../../src/layer/read-archive.ts';
import { copy, MADE, MemoryEdit, MemorySource, request } from './support/copy.ts';

/** The archive of these files, as a reader gives it: without directories that it doesn't mention. */
async function archive(files: MemorySource, ...paths: string[]): Promise<ReadArchiveItem[]> {
  const found = [...files.entries].filter(([path]) => path !== '' && (paths.length === 0 || paths.includes(path)));
  found.sort(([a], [b]) => (a < b ? -1 : 1));
  const entries = await files.complete(found.map(([path, entry]) => ({ path, entry })));
  return found.map(([path], i) => ({
    path,
    entry: entries[i]!,
    ...(files.bytes.has(path) ? { content: { bytes: files.bytes.get(path)! } } : {}),
  }));
}

async function added(edit: MemoryEdit, items: ReadArchiveItem[], dest: string, owner?: CopyRequest['owner']) {
  const contents: CopiedContents = new Map();
  const createdMtime = (parent: { mtime: bigint }) => parent.mtime + MADE;
  await applyArchive(edit, items, dest, { createdMtime, ...(owner ? { owner } : {}) }, contents);
  return edit.dump(contents);
}

const sample = () =>
  new MemorySource()
    .dir('t', { mode: 0o750, uid: 7, gid: 8, mtime: 15n })
    .file('t/f', 'tar f', { mode: 0o640, uid: 1000, gid: 50, hardlink: 'a' })
    .file('t/h', 'tar f', { mode: 0o640, uid: 1000, gid: 50, hardlink: 'a' })
    .symlink('t/l', 'f')
    .file('t/s', '#!', { mode: 0o4755 });

test('owners, modes, links and times are the archive’s, the destination is made', async (t) => {
  const edit = new MemoryEdit();
  t.deepEqual(await added(edit, await archive(sample()), 'x/y'), [
    'dir 755 0:0 /x',
    'dir 755 0:0 /x/y',
    'dir 750 7:8 /x/y/t',
    'file 640 1000:50 /x/y/t/f "tar f"',
    'file 640 1000:50 /x/y/t/h "tar f"',
    'symlink 777 0:0 /x/y/t/l -> f',
    'file 4755 0:0 /x/y/t/s "#!"',
  ]);
  t.is((await edit.lookup('x/y/t'))?.mtime, 15n);
  const [f, h] = [await edit.lookup('x/y/t/f'), await edit.lookup('x/y/t/h')];
  t.truthy(f?.hardlink);
  t.is(f?.hardlink, h?.hardlink);
  t.not(f?.hardlink, 'a', 'an id of the archive means nothing in the tree');
});

test('--chown is for everything in it and for the destination, not for directories that it doesn’t mention', async (t) => {
  const items = await archive(new MemorySource().file('imp/lied/f', '1').dir('d'), 'imp/lied/f', 'd');
  t.deepEqual(await added(new MemoryEdit(), items, 'x', { uid: 5, gid: 6 }), [
    'dir 755 5:6 /x',
    'dir 755 5:6 /x/d',
    'dir 755 0:0 /x/imp',
    'dir 755 0:0 /x/imp/lied',
    'file 644 5:6 /x/imp/lied/f "1"',
  ]);
});

test('directories merge and take the archive’s metadata, everything else replaces', async (t) => {
  const edit = await MemoryEdit.from(
    new MemorySource()
      .dir('srv/data', { mode: 0o700 })
      .file('srv/data/keep')
      .symlink('opt/l1', '/srv')
      .file('was/dir/x')
      .file('wasfile')
      .dir('opt/old', { mode: 0o700, uid: 3 }),
  );
  const items = await archive(
    new MemorySource()
      .dir('srv', { mode: 0o711, uid: 9 })
      .file('opt/l1', 'was link')
      .file('was/dir', 'was dir')
      .file('wasfile/in', 'in')
      .file('opt/old/f', 'f'),
    'srv',
    'opt/l1',
    'was/dir',
    'wasfile',
    'wasfile/in',
    'opt/old/f',
  );
  t.deepEqual(await added(edit, items, ''), [
    'dir 755 0:0 /opt',
    'file 644 0:0 /opt/l1 "was link"',
    'dir 700 3:0 /opt/old',
    'file 644 0:0 /opt/old/f "f"',
    'dir 711 9:0 /srv',
    'dir 700 0:0 /srv/data',
    'file 644 0:0 /srv/data/keep',
    'dir 755 0:0 /was',
    'file 644 0:0 /was/dir "was dir"',
    'dir 755 0:0 /wasfile',
    'file 644 0:0 /wasfile/in "in"',
  ]);
});

test('the root of the archive leaves the destination as it is', async (t) => {
  const edit = await MemoryEdit.from(new MemorySource().dir('d', { mode: 0o700 }));
  const items: ReadArchiveItem[] = [
    { path: '', entry: { type: 'dir', mode: 0o777, uid: 1, gid: 1, mtime: 0n, size: 0 } },
  ];
  t.deepEqual(await added(edit, items, 'd'), ['dir 700 0:0 /d']);
});

test('links of the image lead nowhere outside of the destination', async (t) => {
  const edit = await MemoryEdit.from(
    new MemorySource()
      .dir('x/real')
      .file('etc/passwd', 'old')
      .symlink('x/abs', '/real')
      .symlink('x/up', '../../..')
      .symlink('x/file', '/etc/passwd'),
  );
  const items = await archive(
    new MemorySource().file('abs/1').file('up/2').file('file', 'new'),
    'abs/1',
    'up/2',
    'file',
  );
  await added(edit, items, 'x');
  t.truthy(await edit.lookup('x/real/1'), 'absolute means the destination');
  t.truthy(await edit.lookup('x/2'), '.. stops at the destination');
  t.is((await edit.lookup('x/file'))?.type, 'file', 'the link itself is replaced');
  t.like(await edit.lookup('etc/passwd'), { size: 3 });
});

test('a directory of the archive goes through a link to a directory, and replaces any other', async (t) => {
  const edit = await MemoryEdit.from(new MemorySource().dir('usr/bin').symlink('bin', 'usr/bin').symlink('gone', 'no'));
  await added(edit, await archive(new MemorySource().file('bin/tool').file('gone/f')), '');
  t.truthy(await edit.lookup('usr/bin/tool'));
  t.is((await edit.lookup('bin'))?.type, 'symlink');
  t.is((await edit.lookup('gone'))?.type, 'dir');
});

test('the destination may be a link, and must be no file', async (t) => {
  const edit = await MemoryEdit.from(new MemorySource().dir('srv').symlink('l', '/srv').file('f'));
  const items = await archive(new MemorySource().file('n', ''));
  await added(edit, items, 'l');
  t.truthy(await edit.lookup('srv/n'));
  await t.throwsAsync(added(edit, items, 'f'), { code: 'NOT_A_DIRECTORY' });
});

test('ADD unpacks what the reader says is an archive, and copies the rest', async (t) => {
  const items = await archive(sample());
  const warnings: string[] = [];
  const source = new MemorySource().file('a.tar', 'TAR').file('fake.tar', 'text').dir('d').file('d/b.tar', 'TAR');
  const made = request(source, ['a.tar', 'fake.tar', 'd'], '/n', {
    unpack: async (content) => ('bytes' in content && content.bytes.toString() === 'TAR' ? items : undefined),
    warn: (message) => warnings.push(message),
    chmod: '600',
  });
  const edit = new MemoryEdit();
  const contents = await copy(edit, made);
  t.deepEqual(
    [...contents.keys()].sort(),
    ['n/b.tar', 'n/fake.tar', 'n/t/f', 'n/t/h', 'n/t/s'],
    'not inside a directory',
  );
  t.like(await edit.lookup('n/t/s'), { mode: 0o4755 });
  t.deepEqual(warnings, ['--chmod does nothing to what is unpacked from a.tar']);
});

test('a file that is no more in the end has no content', async (t) => {
  const source = new MemorySource().file('b', 'b').file('a.tar', 'TAR');
  const items = await archive(new MemorySource().file('x', 'file instead of a directory'));
  const edit = new MemoryEdit();
  const made = request(source, ['b', 'a.tar'], '/x/', {
    unpack: async (_, name) => (name === 'a.tar' ? items : undefined),
  });
  await copy(edit, made);
  const contents = await copy(edit, { ...made, sources: ['b'], dest: '/y/x/' });
  await applyArchive(edit, items, 'y', made, contents);
  t.deepEqual([...contents.keys()], ['y/x']);
});
