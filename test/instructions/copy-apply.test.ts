import test from 'ava';
import type { GivenFile } from '../../src/instructions/copy-request.ts';
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

function given(name: string, text: string): GivenFile {
  const bytes = Buffer.from(text);
  return {
    name,
    entry: { type: 'file', mode: 0o644, uid: 0, gid: 0, mtime: 5n, size: bytes.length, digest: sha256(bytes) },
    content: { bytes },
    unpack: false,
  };
}

test('a file goes to the destination, into it with a slash, and into a directory that is there', async (t) => {
  t.deepEqual(await copied(tree(), ['a.txt'], '/x'), ['file 644 0:0 /x "a"']);
  t.deepEqual(await copied(tree(), ['a.txt'], '/n/'), ['dir 755 0:0 /n', 'file 644 0:0 /n/a.txt "a"']);
  t.deepEqual(await copied(tree(), ['a.txt'], '/n/.'), ['dir 755 0:0 /n', 'file 644 0:0 /n/a.txt "a"']);
  const edit = await MemoryEdit.from(new MemorySource().dir('srv/data', { mode: 0o700, uid: 3 }));
  const contents = await copy(edit, request(tree(), ['a.txt'], '/srv/data'));
  t.deepEqual(await edit.dump(contents), [
    'dir 755 0:0 /srv',
    'dir 700 3:0 /srv/data',
    'file 644 0:0 /srv/data/a.txt "a"',
  ]);
});

test('a relative destination starts at the working directory, a dot means it', async (t) => {
  const dest = async (to: string) => (await copied(tree(), ['a.txt'], to, { workdir: '/w' })).at(-1);
  t.is(await dest('rel'), 'file 644 0:0 /w/rel "a"');
  t.is(await dest('rel/'), 'file 644 0:0 /w/rel/a.txt "a"');
  t.is(await dest('../up'), 'file 644 0:0 /up "a"');
  t.is(await dest('.'), 'file 644 0:0 /w/a.txt "a"', 'though it is not there yet');
  t.is(await dest(''), 'file 644 0:0 /w/a.txt "a"');
  t.is(await dest('/../..//p/./u/../v'), 'file 644 0:0 /p/v "a"');
});

test('a directory gives its contents: to a new place, and merged into one that is there', async (t) => {
  t.deepEqual(await copied(tree(), ['sub'], '/new'), [
    'dir 755 0:0 /new',
    'file 644 0:0 /new/c.txt "ccc"',
    'dir 755 0:0 /new/deep',
    'file 644 0:0 /new/deep/d.txt "dddd"',
  ]);
  t.deepEqual(await copied(tree(), ['sub/'], '/new/'), await copied(tree(), ['sub'], '/new'));
});

test('a new destination directory is 0755 root and has only the mtime of the source; what is below keeps all', async (t) => {
  const source = new MemorySource()
    .dir('d', { mode: 0o700, uid: 5, mtime: 42n, xattrs: [['user.a', Buffer.from('1')]] })
    .dir('d/e', { mode: 0o1775, uid: 6, gid: 7, mtime: 43n, xattrs: [['user.b', Buffer.from('2')]] })
    .file('d/e/g', '', { mode: 0o4711, mtime: 44n });
  const edit = new MemoryEdit();
  await copy(edit, request(source, ['d'], '/p/q', { forceRootOwner: false }));
  const base = { size: 0 };
  t.deepEqual(await edit.lookup('p/q'), { ...base, type: 'dir', mode: 0o755, uid: 0, gid: 0, mtime: 42n });
  t.deepEqual(await edit.lookup('p/q/e'), source.entries.get('d/e'));
  t.like(await edit.lookup('p/q/e/g'), { mode: 0o4711, mtime: 44n, digest: sha256('') });
});

test('made directories take their mtime from the directory that they are in', async (t) => {
  const edit = await MemoryEdit.from(new MemorySource().dir('opt', { mtime: 100n }));
  await copy(edit, request(tree(), ['a.txt'], '/opt/one/two/'));
  t.is((await edit.lookup('opt/one'))?.mtime, 100n + MADE);
  t.is((await edit.lookup('opt/one/two'))?.mtime, 100n + 2n * MADE);
  t.is((await edit.lookup('opt'))?.mtime, 100n, 'one that was there stays');
});

test('one mtime for everything, when asked', async (t) => {
  const edit = new MemoryEdit();
  await copy(edit, request(tree(), ['sub', 'a.txt'], '/n/m/', { mtime: 9n }));
  for (const path of edit.paths) t.is((await edit.lookup(path))?.mtime, 9n, path);
});

test('directories that are there: the top keeps mode and owner, those below take the source’s', async (t) => {
  const edit = await MemoryEdit.from(
    new MemorySource()
      .dir('t/sub', { mode: 0o700, uid: 5, gid: 6 })
      .dir('t/sub/deep', { mode: 0o711, uid: 8, xattrs: [['user.old', Buffer.from('o')]] })
      .file('t/sub/keep', 'old')
      .file('t/sub/c.txt', 'old', { mode: 0o600, uid: 1 }),
  );
  await copy(edit, request(tree(), ['sub'], '/t/sub'));
  t.like(await edit.lookup('t/sub'), { mode: 0o700, uid: 5, gid: 6, mtime: 1_000_000_000n });
  t.like(await edit.lookup('t/sub/deep'), { mode: 0o755, uid: 0, gid: 0, xattrs: [['user.old', Buffer.from('o')]] });
  t.like(await edit.lookup('t/sub/c.txt'), { mode: 0o644, uid: 0 });
  t.truthy(await edit.lookup('t/sub/keep'));
});

test('context files are root’s, a stage’s keep their owner, --chown sets all with the made parents', async (t) => {
  const source = new MemorySource()
    .dir('o', { uid: 11, gid: 22 })
    .file('o/g', '', { uid: 1, gid: 2 })
    .symlink('o/l', 'g', { uid: 3 });
  t.deepEqual(await copied(source, ['o'], '/k'), [
    'dir 755 0:0 /k',
    'file 644 0:0 /k/g ""',
    'symlink 777 0:0 /k/l -> g',
  ]);
  t.deepEqual(await copied(source, ['o'], '/k', { forceRootOwner: false }), [
    'dir 755 0:0 /k',
    'file 644 1:2 /k/g ""',
    'symlink 777 3:0 /k/l -> g',
  ]);
  t.deepEqual(await copied(source, ['o'], '/m/k', { owner: { uid: 7, gid: 8 } }), [
    'dir 755 7:8 /m',
    'dir 755 7:8 /m/k',
    'file 644 7:8 /m/k/g ""',
    'symlink 777 7:8 /m/k/l -> g',
  ]);
});

test('a numeric --chmod is for files, directories and made parents; special bits not for the latter', async (t) => {
  t.deepEqual(await copied(tree(), ['sub'], '/m/d', { chmod: '1400' }), [
    'dir 400 0:0 /m',
    'dir 400 0:0 /m/d',
    'file 1400 0:0 /m/d/c.txt "ccc"',
    'dir 1400 0:0 /m/d/deep',
    'file 1400 0:0 /m/d/deep/d.txt "dddd"',
  ]);
});

test('a symbolic --chmod leaves made parents alone, and links always', async (t) => {
  const source = tree().symlink('sub/l', 'c.txt');
  t.deepEqual(await copied(source, ['sub'], '/m/d', { chmod: 'u=rwX,go=' }), [
    'dir 755 0:0 /m',
    'dir 755 0:0 /m/d',
    'file 600 0:0 /m/d/c.txt "ccc"',
    'dir 700 0:0 /m/d/deep',
    'file 600 0:0 /m/d/deep/d.txt "dddd"',
    'symlink 777 0:0 /m/d/l -> c.txt',
  ]);
});

test('links in the destination are followed inside the root, dangling ones made', async (t) => {
  const base = () =>
    MemoryEdit.from(
      new MemorySource()
        .dir('srv/data')
        .file('srv/f', 'old')
        .symlink('opt/abs', '/srv/data')
        .symlink('up', '../../../srv')
        .symlink('dang', '/not/there')
        .symlink('tofile', 'srv/f')
        .symlink('a/self', '/a'),
    );
  const to = async (dest: string, words = ['a.txt']) => {
    const edit = await base();
    return [...(await copy(edit, request(tree(), words, dest))).keys()];
  };
  t.deepEqual(await to('/opt/abs/'), ['srv/data/a.txt']);
  t.deepEqual(await to('/opt/abs'), ['srv/data/a.txt']);
  t.deepEqual(await to('/opt/abs/x/y'), ['srv/data/x/y']);
  t.deepEqual(await to('/opt/abs', ['sub/deep']), ['srv/data/d.txt']);
  t.deepEqual(await to('/up/f1'), ['srv/f1']);
  t.deepEqual(await to('/a/self/self/f2'), ['a/f2']);
  t.deepEqual(await to('/dang/f4'), ['not/there/f4']);
  t.deepEqual(await to('/tofile'), ['srv/f'], 'the link stays');
  t.deepEqual(await to('/dang'), ['not/there']);
});

test('a link that has the file’s name in the destination is replaced, not followed', async (t) => {
  const edit = await MemoryEdit.from(new MemorySource().file('etc/x', 'old').symlink('d/a.txt', '/etc/x'));
  t.deepEqual([...(await copy(edit, request(tree(), ['a.txt'], '/d/'))).keys()], ['d/a.txt']);
  t.is((await edit.lookup('d/a.txt'))?.type, 'file');
});

test('a directory never replaces something else, nor a file a directory', async (t) => {
  const base = () => MemoryEdit.from(new MemorySource().file('etc/passwd').dir('srv/data').symlink('l/deep', '/srv'));
  const fails = async (words: string[], dest: string, source = tree()) =>
    t.throwsAsync(copy(await base(), request(source, words, dest)));
  t.like(await fails(['sub'], '/etc/passwd'), {
    code: 'COPY_CONFLICT',
    message: 'cannot copy to non-directory: /etc/passwd',
  });
  t.like(await fails(['t'], '/srv', new MemorySource().file('t/data')), {
    code: 'COPY_CONFLICT',
    message: 'cannot replace to directory /srv/data with file',
  });
  t.like(await fails(['sub'], '/l'), { message: 'cannot copy to non-directory: /l/deep' });
  t.like(await fails(['data'], '/srv', new MemorySource().file('data')), {
    message: 'cannot replace to directory /srv/data with file',
  });
  for (const dest of ['/etc/passwd/x', '/etc/passwd/', '/etc/passwd/x/']) {
    t.like(await fails(['a.txt'], dest), { code: 'NOT_A_DIRECTORY' });
  }
});

test('several sources go one after the other: without a slash the last one wins', async (t) => {
  t.deepEqual(await copied(tree(), ['a.txt', 'b.txt'], '/dest'), ['file 644 0:0 /dest "bb"']);
  t.deepEqual(await copied(tree(), ['a.txt', 'sub', 'run.sh'], '/m/'), [
    'dir 755 0:0 /m',
    'file 644 0:0 /m/a.txt "a"',
    'file 644 0:0 /m/c.txt "ccc"',
    'dir 755 0:0 /m/deep',
    'file 644 0:0 /m/deep/d.txt "dddd"',
    'file 755 0:0 /m/run.sh "#"',
  ]);
});

test('a wildcard without a match does not even make the destination', async (t) => {
  t.deepEqual(await copied(tree(), ['*.nope'], '/d/'), []);
});

test('given files take their place among the sources', async (t) => {
  t.deepEqual(
    await copied(tree(), ['a.txt', given('one', '1\n'), given('a.txt', 'new')], '/d/', {
      owner: { uid: 4, gid: 4 },
      chmod: '750',
    }),
    ['dir 750 4:4 /d', 'file 750 4:4 /d/a.txt "new"', 'file 750 4:4 /d/one "1\\n"'],
  );
});
