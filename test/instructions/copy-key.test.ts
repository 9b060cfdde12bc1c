import test from 'ava';
import { quoteName, selectionDigestInput } from '../../src/instructions/copy-key.ts';
import { selectFiles } from '../../src/instructions/copy-select.ts';
import { MemorySource, request } from './support/copy.ts';
import { sha256 } from './support/memory-source.ts';

async function lines(source: MemorySource, words: string[], more: Parameters<typeof request>[3] = {}) {
  const made = request(source, words, '/d/', more);
  return selectionDigestInput(await selectFiles(made), made);
}

const tree = () =>
  new MemorySource()
    .file('a.txt', 'a', { uid: 5, gid: 6 })
    .dir('sub', { mode: 0o700 })
    .file('sub/c.txt', 'c', { mode: 0o4755, xattrs: [['security.capability', Buffer.from([1, 2])]] })
    .symlink('sub/l', 'c.txt')
    .node('sub/n', 'char', [1, 3]);

test('one line for each path, with all that a copy takes from it', async (t) => {
  t.deepEqual(await lines(tree(), ['a.txt', 'sub'], { forceRootOwner: false }), [
    `source file 0644 5:6 a.txt ${sha256('a')}`,
    'contents',
    `  file 4755 0:0 c.txt ${sha256('c')} security.capability=0102`,
    '  symlink - 0:0 l -> c.txt',
    '  char 0644 0:0 n device=1,3',
  ]);
});

test('what the request sets anyway is left out', async (t) => {
  t.deepEqual(await lines(tree(), ['a.txt']), [`source file 0644 0:0 a.txt ${sha256('a')}`]);
  t.deepEqual(await lines(tree(), ['a.txt'], { owner: { uid: 1, gid: 1 }, chmod: '600' }), [
    `source file - - a.txt ${sha256('a')}`,
  ]);
  t.regex(
    (await lines(tree(), ['a.txt'], { chmod: 'u+x' }))[0] ?? '',
    / 0644 /,
    'symbols change the mode that is there',
  );
});

test('mtimes, inode numbers and where the file was make no difference', async (t) => {
  const one = new MemorySource().file('x/f', 'f', { mtime: 1n, hardlink: '8:1' }).file('x/g', 'f', { hardlink: '8:1' });
  const two = new MemorySource()
    .file('y/z/f', 'f', { mtime: 2n, hardlink: '9:9' })
    .file('y/z/g', 'f', { hardlink: '9:9' });
  t.deepEqual(await lines(one, ['x']), await lines(two, ['y/z']));
});

test('hard links make one', async (t) => {
  const linked = new MemorySource().file('x/f', 'f', { hardlink: '8:1' }).file('x/g', 'f', { hardlink: '8:1' });
  t.deepEqual((await lines(linked, ['x'])).at(-1), `  file 0644 0:0 g ${sha256('f')} same-file-as=f`);
});

test('a directory on the way has its mode in the key, whatever --chmod says', async (t) => {
  t.deepEqual(await lines(tree(), ['sub/l'], { parents: true, chmod: '600' }), [
    'contents',
    '  dir - 0:0 sub way=0700',
    '  symlink - 0:0 sub/l -> c.txt',
  ]);
});

test('a name cannot be taken for another', (t) => {
  t.is(quoteName('plain-0.9_x'), 'plain-0.9_x');
  t.is(quoteName('with space'), '"with space"');
  t.is(quoteName('line\nbreak'), '"line\\nbreak"');
  t.is(quoteName('Ã¼'), '"ü"');
  t.is(quoteName('\xff"'), '"hex"ff22');
  t.is(quoteName('a"b'), '"a\\"b"');
  t.is(quoteName(''), '""');
  t.is(new Set(['"a"', 'a', 'a ', '\\"a', '\\u00ff', '\xff', '\xc3\xbf', '"hex"ff'].map(quoteName)).size, 8);
});
