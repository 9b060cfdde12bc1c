import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import test from 'ava';
import { guardedPlace as place } from '../fixtures/guarded-place.ts';
import { unpackBytes } from '../fixtures/layer-blob.ts';
import { base256, GNU_MAGIC, makeTar, paxHeader, type RawTarEntry } from '../fixtures/make-tar.ts';

const longName = (name: string): RawTarEntry => ({
  name: '././@LongLink',
  type: 'L',
  magic: GNU_MAGIC,
  content: `${name}\0`,
});
const device = (name: string, type: '3' | '4', numbers: readonly [number, number]): RawTarEntry => ({
  name,
  type,
  device: numbers,
});
const dir = (name: string): RawTarEntry => ({ name, type: '5', mode: 0o755 });
const file = (name: string, content = 'new'): RawTarEntry => ({ name, content });
const symlink = (name: string, link: string): RawTarEntry => ({ name, type: '2', link });
const hardlink = (name: string, link: string): RawTarEntry => ({ name, type: '1', link });
const loop = [symlink('l', 'm'), symlink('m', 'l'), file('l/x')];
const climb = (i: number) => symlink(`l${i}`, `${i === 0 ? '' : `l${i - 1}/`}${'x/'.repeat(40)}`);

const REFUSED: readonly (readonly [title: string, entries: readonly RawTarEntry[], name: string, code?: string])[] = [
  ['..', [file('../secret')], '../secret'],
  ['.. in the middle', [dir('a/'), file('a/../../secret')], 'a/../../secret'],
  ['.. at the end', [dir('a/..')], 'a/..'],
  ['.. of a whiteout', [file('../.wh.secret')], '../.wh.secret'],
  ['.. in a PAX path', [paxHeader({ path: '../secret' }), file('x')], '../secret'],
  ['a NUL in a PAX path', [paxHeader({ path: 'a\0b' }), file('x')], 'a\\u0000b'],
  ['a hard link out by ..', [hardlink('h', '../secret')], '../secret'],
  ['a hard link to nothing', [hardlink('h', 'no')], 'h'],
  ['a hard link to an absolute path', [hardlink('h', '/etc/hostname')], 'h'],
  ['a hard link to a directory', [dir('d/'), hardlink('h', 'd')], 'h'],
  ['a hard link to itself', [hardlink('h', 'h')], 'h'],
  ['a hard link to a whiteout', [file('.wh.w'), hardlink('h', 'w')], 'h'],
  ['a hard link over the directory of its target', [dir('d/'), file('d/f'), hardlink('d', 'd/f')], 'd'],
  ['a hard link to the root', [hardlink('h', '/')], 'h'],
  ['a name below a file', [file('f'), file('f/x')], 'f/x'],
  ['a name below a fifo', [{ name: 'f', type: '6' }, file('f/x')], 'f/x'],
  ['a loop of links', loop, 'l/x'],
  ['the root as a link', [symlink('.', '/etc')], '.'],
  ['a link to nothing', [symlink('l', '')], 'l'],
  ['a whiteout of nothing', [file('.wh.')], '.wh.'],
  ['a whiteout of .', [file('d/.wh..')], 'd/.wh..'],
  ['a whiteout of ..', [file('d/.wh...')], 'd/.wh...'],
  ['a name below a whiteout', [file('.wh.d/x')], '.wh.d/x'],
  ['a long name', [file('x'.repeat(90)), paxHeader({ path: 'n'.repeat(256) }), file('x')], 'n'.repeat(190)],
  ['a long path', [paxHeader({ path: 'n/'.repeat(2100) }), dir('x')], 'n/n/n/'],
  [
    'a path made long by links',
    [...Array.from({ length: 60 }, (_, i) => climb(i)), file('l59/x')],
    'l59/x',
    'LAYER_UNSAFE',
  ],
  ['.. in a global PAX path', [paxHeader({ path: '../secret' }, 'g'), file('x')], '../secret'],
  ['.. in a GNU long name', [longName('../secret'), file('x')], '../secret'],
  ['.. in a PAX hard link', [paxHeader({ linkpath: '../secret' }), hardlink('h', 'x')], '../secret'],
  ['.. behind a link inside', [dir('d/'), symlink('l', 'd'), file('l/../../secret')], 'l/../../secret'],
  ['a hard link out through a link', [symlink('l', '..'), hardlink('h', 'l/secret')], 'h'],
  [
    'a hard link out through a hard link to a link',
    [symlink('l', '..'), hardlink('m', 'l'), hardlink('h', 'm/secret')],
    'h',
  ],
  ['a hard link to a device outside', [hardlink('h', '/dev/null')], 'h'],
  ['a name below a device', [device('n', '3', [1, 3]), file('n/x')], 'n/x'],
  ['a name below a hard link to a file', [file('f'), hardlink('h', 'f'), file('h/x')], 'h/x'],
  ['a name below a link to a file', [file('f'), symlink('l', 'f'), file('l/x')], 'l/x'],
  ['a link in the place of the root', [symlink('./', '/etc')], './'],
  ['a file in the place of the root', [{ name: '.', type: '0', content: '' }], '.'],
  ['a path of 4096 bytes', [paxHeader({ path: `${'n/'.repeat(2047)}nn` }), file('x')], 'n/n/n/'],
  ['a PAX size that is longer than the archive', [paxHeader({ size: '99999' }), file('s')], 's', 'TAR_INVALID'],
  ['a PAX size that is no number', [paxHeader({ size: '-1' }), file('s')], 's', 'TAR_INVALID'],
  ['a PAX uid out of range', [paxHeader({ uid: '4294967295' }), file('s')], 's', 'TAR_INVALID'],
  ['a PAX time that is none', [paxHeader({ mtime: 'now' }), file('s')], 's', 'TAR_INVALID'],
  [
    'a PAX header that lies about its length',
    [{ name: 'p', type: 'x', content: '99 path=../secret\n' }, file('s')],
    '',
    'TAR_INVALID',
  ],
  ['a PAX header of 2 MiB', [paxHeader({ comment: 'x'.repeat(2 ** 21) }), file('s')], '', 'TAR_INVALID'],
  ['a GNU long name of 2 MiB', [longName('x'.repeat(2 ** 21)), file('s')], '', 'TAR_INVALID'],
  ['a PAX header of 8 GiB that is not there', [{ name: 'p', type: 'x', size: 8 * 2 ** 30 - 1 }], '', 'TAR_INVALID'],
  ['a size below zero', [{ ...file('s'), size: base256(-1n, 12) }], 's', 'TAR_INVALID'],
  ['a wrong checksum', [{ ...file('s'), checksumError: 1 }], 's', 'TAR_INVALID'],
  ['a GNU sparse file', [paxHeader({ 'GNU.sparse.major': '1' }), file('s')], 's', 'TAR_UNSUPPORTED'],
  ['a type that nobody knows', [{ name: 's', type: 'Z' }], 's', 'TAR_UNSUPPORTED'],
  ['a cut', [{ ...file('cut'), size: 100000 }], 'cut', 'TAR_INVALID'],
];

for (const [title, entries, name, code = 'LAYER_UNSAFE'] of REFUSED) {
  test(`refused: ${title}`, async (t) => {
    for (const onDisk of [true, false]) {
      const { dest, checkOutside } = place(t);
      const error = await t.throwsAsync(unpackBytes(makeTar(entries), onDisk ? { dest } : {}), { code });
      if (title !== 'a path made long by links') t.true(error!.message.includes(name), error!.message);
      checkOutside();
    }
  });
}

/** What lies below a directory; links are not followed. */
function list(root: string, below = ''): string[] {
  return readdirSync(join(root, below))
    .sort()
    .flatMap((name) => {
      const path = join(below, name);
      const st = lstatSync(join(root, path));
      if (st.isSymbolicLink()) return [`${path} -> ${readlinkSync(join(root, path))}`];
      if (st.isDirectory()) return [`${path}/`, ...list(root, path)];
      return [`${path} ${st.nlink}${st.isFile() ? `=${String(readFileSync(join(root, path))).split('\0')[0]}` : ''}`];
    });
}

const KEPT_INSIDE: readonly (readonly [title: string, entries: readonly RawTarEntry[], found: readonly string[]])[] = [
  ['absolute names', [file('/a'), file('//b')], ['a 1=new', 'b 1=new']],
  ['names with . and doubled slashes', [file('./a/.//b')], ['a/', 'a/b 1=new']],
  ['the root with a trailing slash is a directory', [file('./', ''), file('a')], ['a 1=new']],
  ['an absolute link on the way', [symlink('l', '/'), file('l/x')], ['l -> /', 'x 1=new']],
  [
    'a link that climbs out on the way',
    [symlink('l', '../../..'), file('l/secret')],
    ['l -> ../../..', 'secret 1=new'],
  ],
  [
    'a link to an absolute directory on the way',
    [symlink('l', '/etc'), file('l/x')],
    ['etc/', 'etc/x 1=new', 'l -> /etc'],
  ],
  ['a file over a link replaces it', [symlink('l', '../secret'), file('l')], ['l 1=new']],
  ['a directory over a link replaces it', [symlink('l', '..'), dir('l/'), file('l/secret')], ['l/', 'l/secret 1=new']],
  [
    'a hard link through a link stays inside',
    [dir('etc/'), file('etc/p'), symlink('l', '/etc'), hardlink('h', 'l/p')],
    ['etc/', 'etc/p 2=new', 'h 2=new', 'l -> /etc'],
  ],
  [
    'a hard link to a link is that link',
    [symlink('l', '../secret'), hardlink('h', 'l')],
    ['h -> ../secret', 'l -> ../secret'],
  ],
  [
    'a file over a hard link leaves the other name',
    [file('a', 'old'), hardlink('b', 'a'), file('b')],
    ['a 1=old', 'b 1=new'],
  ],
  ['the last of several wins', [file('a', '1'), file('a', '2'), file('a', '3')], ['a 1=3']],
  ['a file over a directory removes all below', [dir('d/'), file('d/x'), file('d')], ['d 1=new']],
  ['a directory over a file', [file('d'), dir('d/'), file('d/x')], ['d/', 'd/x 1=new']],
  ['a directory twice keeps what is in it', [dir('d/'), file('d/x'), dir('d/')], ['d/', 'd/x 1=new']],
  ['a hard link twice', [file('a'), hardlink('b', 'a'), hardlink('b', 'a')], ['a 2=new', 'b 2=new']],
  [
    'through a hard link to a link',
    [symlink('l', '/etc'), hardlink('h', 'l'), file('h/x')],
    ['etc/', 'etc/x 1=new', 'h -> /etc', 'l -> /etc'],
  ],
  [
    'through a chain of links',
    [symlink('a', '../..'), symlink('b', 'a/..'), symlink('c', '/b/../../secrets'), file('c/x')],
    ['a -> ../..', 'b -> a/..', 'c -> /b/../../secrets', 'secrets/', 'secrets/x 1=new'],
  ],
  [
    'a directory that becomes a link out, and is written through',
    [dir('d/'), file('d/x'), symlink('d', '..'), file('d/secret')],
    ['d -> ..', 'secret 1=new'],
  ],
  ['a file over a device is no write to it', [device('n', '3', [1, 5]), file('n')], ['n 1=new']],
  [
    'a file over a hard link to a device',
    [device('n', '4', [7, 0]), hardlink('m', 'n'), file('m')],
    ['m 1=new', 'n 1'],
  ],
  ['a write through a link to a device', [symlink('n', '/dev/null'), file('n')], ['n 1=new']],
  ['a fifo, then a file, then a link', [{ name: 'f', type: '6' }, file('f'), symlink('f', '..')], ['f -> ..']],
  ['a link, then a directory, then a file', [symlink('f', '/etc'), dir('f/'), file('f')], ['f 1=new']],
  [
    "overlayfs's own attributes are none of a layer's",
    [
      paxHeader({ 'SCHILY.xattr.trusted.overlay.redirect': '/etc', 'SCHILY.xattr.user.overlay.opaque': 'y' }),
      dir('d/'),
    ],
    ['d/'],
  ],
  ['a later PAX path wins, also over the name', [paxHeader({ path: 'p' }), file('../secret')], ['p 1=new']],
  ['a global PAX path names what has none of its own', [paxHeader({ path: 'g' }, 'g'), file('../secret')], ['g 1=new']],
  [
    'a PAX size hides what lies in it',
    [paxHeader({ size: '512' }), file('s', ''), file('../secret', '')],
    ['s 1=../secret'],
  ],
  [
    'aufs metadata is skipped',
    [file('.wh..wh.aufs'), dir('.wh..wh.plnk/'), file('.wh..wh.plnk/1.2'), dir('.wh..wh.orph/'), file('a')],
    ['a 1=new'],
  ],
];

for (const [title, entries, found] of KEPT_INSIDE) {
  test(`kept inside: ${title}`, async (t) => {
    const { dest, checkOutside } = place(t);
    const { items } = await unpackBytes(makeTar(entries), { dest });
    t.deepEqual(list(dest), [...found]);
    const named = items.map(({ path }) => path).filter((path) => path !== '');
    for (const path of named) t.true(lstatSync(join(dest, path)) !== undefined);
    t.deepEqual((await unpackBytes(makeTar(entries))).items, items);
    checkOutside();
  });
}

test('a path that Linux takes alone, but not below the store, is refused by name', async (t) => {
  const { dest, checkOutside } = place(t);
  const tar = makeTar([paxHeader({ path: `${'n/'.repeat(2046)}nnn` }), file('x')]);
  t.is((await unpackBytes(tar)).items.length, 1);
  await t.throwsAsync(unpackBytes(tar, { dest }), { code: 'UNPACK_FAILED', message: /n\/n\/n/ });
  checkOutside();
});

test("overlayfs's own whiteout is a whiteout in the tree too", async (t) => {
  const { dest } = place(t);
  const tar = makeTar([device('gone', '3', [0, 0]), dir('d/'), device('d', '3', [0, 0])]);
  const { items } = await unpackBytes(tar, { dest });
  t.deepEqual(
    items.map(({ kind, path }) => `${kind} ${path}`),
    ['entry d', 'opaque d', 'whiteout gone'],
  );
  t.is(lstatSync(join(dest, 'gone')).rdev, 0);
});

test('bombs stop at the limits', async (t) => {
  const zeros = gzipSync(makeTar([{ name: 'z', content: Buffer.alloc(50_000_000) }]));
  const many = makeTar(Array.from({ length: 200 }, (_, i) => file(`f${i}`)));
  const deep = makeTar([paxHeader({ path: 'd/'.repeat(1000) }), dir('x')]);
  const { dest } = place(t);
  await t.throwsAsync(unpackBytes(zeros, { dest, limits: { bytes: 1_000_000 } }), { code: 'LAYER_TOO_BIG' });
  t.true(lstatSync(join(dest, 'z')).size <= 1_000_000);
  await t.throwsAsync(unpackBytes(many, { limits: { entries: 100 } }), { code: 'LAYER_TOO_BIG' });
  await t.throwsAsync(unpackBytes(deep, { limits: { entries: 100 } }), { code: 'LAYER_TOO_BIG' });
  t.is((await unpackBytes(many, { limits: { entries: 200 } })).items.length, 200);
});
