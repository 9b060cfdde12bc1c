import test from 'ava';
import { MAX_PAX_BYTES } from '../../src/layer/tar-block.ts';
import type { TarEntry } from '../../src/layer/tar-entry.ts';
import { createTarReader } from '../../src/layer/tar-reader.ts';
import {
  base256,
  GNU_MAGIC,
  makeTar,
  makeTarEntry,
  paxHeader,
  type RawTarEntry,
  TAR_TRAILER,
  V7_MAGIC,
} from '../fixtures/make-tar.ts';

type Read = TarEntry & { readonly content: string };

function readTar(tar: Buffer, step = tar.length || 1): Read[] {
  const entries: Read[] = [];
  let [entry, content]: [TarEntry | undefined, string] = [undefined, ''];
  const reader = createTarReader({
    entry(next) {
      entry = next;
      content = '';
    },
    data(chunk) {
      content += chunk.toString('latin1');
    },
    end: () => void entries.push({ ...entry!, content }),
  });
  for (let i = 0; i < tar.length; i += step) reader.push(tar.subarray(i, i + step));
  reader.finish();
  return entries;
}

const READ: readonly (readonly [title: string, entries: readonly RawTarEntry[], expected: Partial<Read>])[] = [
  [
    'ustar',
    [{ name: 'a', content: 'hello', mode: 0o4755, uid: 7, gid: 8, mtime: 9 }],
    { name: 'a', type: 'file', content: 'hello', mode: 0o4755, uid: 7, gid: 8, mtime: 9_000_000_000n },
  ],
  ['a V7 directory', [{ name: 'd/', type: '\0', magic: V7_MAGIC }], { type: 'dir', name: 'd/' }],
  ['a contiguous file', [{ name: 'c', type: '7', content: 'x' }], { type: 'file', content: 'x' }],
  ['a mode with file type bits', [{ name: 'c', mode: 0o100644 }], { mode: 0o644 }],
  [
    'GNU long names',
    [
      { name: '././@LongLink', type: 'L', content: `${'n'.repeat(300)}\0`, magic: GNU_MAGIC },
      { name: '././@LongLink', type: 'K', content: `${'t'.repeat(300)}\0`, magic: GNU_MAGIC },
      { name: 'short', type: '2', link: 'short', magic: GNU_MAGIC },
    ],
    { name: 'n'.repeat(300), link: 't'.repeat(300), type: 'symlink' },
  ],
  [
    'GNU base-256 numbers',
    [{ name: 'b', uid: base256(4294967294n, 8), mtime: base256(-5n, 12), magic: GNU_MAGIC }],
    { uid: 4294967294, mtime: -5_000_000_000n },
  ],
  [
    'PAX over ustar',
    [
      paxHeader({ path: 'long', uid: '5', gid: '6', mtime: '-0.5', size: '3', linkpath: 'l' }),
      { name: 'b', content: 'abc', size: 0 },
    ],
    { name: 'long', uid: 5, gid: 6, mtime: -500_000_000n, size: 3, content: 'abc', link: 'l' },
  ],
  ['an empty PAX value takes it back', [paxHeader({ path: '' }), { name: 'own' }], { name: 'own' }],
  [
    'a global PAX header',
    [paxHeader({ uid: '5', mtime: '1.5' }, 'g'), paxHeader({ uid: '6' }), { name: 'a' }],
    { uid: 6, mtime: 1_500_000_000n },
  ],
  ['the comment of git archive', [paxHeader({ comment: '0123' }, 'g'), { name: 'a' }], { name: 'a', xattrs: [] }],
  [
    'attributes',
    [paxHeader({ 'SCHILY.xattr.user.b': '\x80\0\n=', 'LIBARCHIVE.xattr.user.a%20c': 'AAH/' }), { name: 'a' }],
    {
      xattrs: [
        ['user.a c', Buffer.from([0, 1, 255])],
        ['user.b', Buffer.from([0x80, 0, 10, 61])],
      ],
    },
  ],
  [
    'a size on a link is not content',
    [{ name: 'l', type: '1', link: 'x', size: 600 }],
    { type: 'hardlink', size: 0, content: '' },
  ],
  ['a name in quotes of bytes', [{ name: 'n\xff\xfe' }], { name: 'n\xff\xfe' }],
];

for (const [title, entries, expected] of READ) {
  test(`reads ${title}, however it is cut`, (t) => {
    const tar = makeTar(entries);
    for (const step of [tar.length, 1, 511, 513]) {
      const read = readTar(tar, step);
      t.is(read.length, 1);
      t.like(read[0], expected);
    }
  });
}

test('an archive may be empty, end without its mark, or be followed by zeros', (t) => {
  const entry = makeTarEntry({ name: 'a', content: 'x' });
  t.deepEqual(readTar(Buffer.alloc(0)), []);
  t.deepEqual(readTar(TAR_TRAILER), []);
  t.is(readTar(entry).length, 1);
  t.is(readTar(Buffer.concat([entry, Buffer.alloc(512 * 20 + 17)])).length, 1);
});

test('PAX headers are about one entry only', (t) => {
  const read = readTar(makeTar([paxHeader({ uid: '5', path: 'x' }), { name: 'a' }, { name: 'b' }]));
  t.deepEqual(
    read.map(({ name, uid }) => [name, uid]),
    [
      ['x', 5],
      ['b', 0],
    ],
  );
});

const a = { name: 'some-name', content: 'hello' };
const REFUSED: readonly (readonly [title: string, tar: Buffer, code: string, message: RegExp])[] = [
  ['a wrong checksum', makeTar([{ ...a, checksumError: 1 }]), 'TAR_INVALID', /some-name.*checksum/],
  [
    'a size that is no number',
    makeTar([{ ...a, size: Buffer.from('0000000008\0\0') }]),
    'TAR_INVALID',
    /some-name.*size/,
  ],
  ['a negative size', makeTar([{ ...a, size: base256(-1n, 12) }]), 'TAR_INVALID', /some-name.*size/],
  ['a huge size', makeTar([{ ...a, size: base256(2n ** 70n, 12) }]), 'TAR_INVALID', /some-name.*size/],
  ['a negative size in PAX', makeTar([paxHeader({ size: '-1' }), a]), 'TAR_INVALID', /some-name.*size/],
  ['uid 2^32-1', makeTar([paxHeader({ uid: '4294967295' }), a]), 'TAR_INVALID', /some-name.*uid/],
  ['a mtime that is none', makeTar([paxHeader({ mtime: 'now' }), a]), 'TAR_INVALID', /some-name.*mtime/],
  ['broken PAX', makeTar([{ name: 'p', type: 'x', content: '99 a=b\n' }, a]), 'TAR_INVALID', /PAX/],
  ['a large PAX header', makeTar([{ name: 'p', type: 'x', size: MAX_PAX_BYTES + 1 }]), 'TAR_INVALID', /limit/],
  ['a large long name', makeTar([{ name: 'p', type: 'L', size: 2 ** 32 }]), 'TAR_INVALID', /limit/],
  ['data after the end', makeTar([a], Buffer.concat([TAR_TRAILER, makeTarEntry(a)])), 'TAR_INVALID', /after the end/],
  [
    'a lone zero block',
    makeTar([a], Buffer.concat([Buffer.alloc(512), makeTarEntry(a)])),
    'TAR_INVALID',
    /after the end/,
  ],
  ['a cut in content', makeTar([a]).subarray(0, 514), 'TAR_INVALID', /some-name.*3 bytes are missing/],
  ['a cut in padding', makeTar([a]).subarray(0, 520), 'TAR_INVALID', /cut off/],
  ['a cut in a header', makeTar([a]).subarray(0, 300), 'TAR_INVALID', /cut off/],
  ['a cut after a PAX header', makeTar([paxHeader({ path: 'x' })], Buffer.alloc(0)), 'TAR_INVALID', /cut off/],
  ['old GNU sparse', makeTar([{ ...a, type: 'S', magic: GNU_MAGIC }]), 'TAR_UNSUPPORTED', /some-name.*sparse/],
  ['PAX sparse', makeTar([paxHeader({ 'GNU.sparse.major': '1' }), a]), 'TAR_UNSUPPORTED', /some-name.*sparse/],
  ['a multi-volume file', makeTar([{ ...a, type: 'M' }]), 'TAR_UNSUPPORTED', /some-name.*volume/],
  ['an unknown type', makeTar([{ ...a, type: 'Z' }]), 'TAR_UNSUPPORTED', /some-name.*"Z"/],
];

for (const [title, tar, code, message] of REFUSED) {
  test(`refuses ${title}, however it is cut`, (t) => {
    for (const step of [tar.length, 1, 511]) t.throws(() => readTar(tar, step), { code, message });
  });
}
