import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import test, { type ExecutionContext } from 'ava';
import { digestOf } from '../../src/oci/digest.ts';
import { unpackBytes } from '../fixtures/layer-blob.ts';
import { makeTar, paxHeader, type RawTarEntry } from '../fixtures/make-tar.ts';

/** A directory with something beside it that must not change. */
function place(t: ExecutionContext) {
  const outer = mkdtempSync(join(tmpdir(), 'varve-hostile-'));
  t.teardown(() => rmSync(outer, { recursive: true, force: true }));
  const dest = join(outer, 'dest');
  mkdirSync(dest);
  writeFileSync(join(outer, 'secret'), 'secret');
  return {
    dest,
    outer,
    checkOutside() {
      t.deepEqual(readdirSync(outer).sort(), ['dest', 'secret']);
      t.is(readFileSync(join(outer, 'secret'), 'utf8'), 'secret');
      t.is(lstatSync(join(outer, 'secret')).nlink, 1);
    },
  };
}

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
      return [`${path} ${st.nlink}${st.isFile() ? `=${readFileSync(join(root, path))}` : ''}`];
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

test('bytes that are not the expected ones are refused as that', async (t) => {
  const tar = makeTar([file('a')]);
  const zipped = gzipSync(tar);
  const expected = { digest: digestOf(zipped), size: zipped.length };
  const flipped = Buffer.from(zipped);
  flipped[20] = flipped[20]! ^ 1;
  const mismatch = { code: 'LAYER_MISMATCH' };
  await t.throwsAsync(unpackBytes(flipped, { expected }), mismatch);
  await t.throwsAsync(unpackBytes(zipped.subarray(0, -5), { expected }), mismatch);
  await t.throwsAsync(unpackBytes(Buffer.concat([zipped, Buffer.from('x')]), { expected }), mismatch);
  await t.throwsAsync(unpackBytes(zipped, { expected: { ...expected, diffId: digestOf('no') } }), mismatch);
  await t.throwsAsync(unpackBytes(zipped.subarray(0, -5)), { code: 'LAYER_CORRUPT' });
  const xz = Buffer.from('fd377a585a0000', 'hex');
  await t.throwsAsync(unpackBytes(xz), { code: 'LAYER_COMPRESSION', message: /xz/ });
  await t.throwsAsync(unpackBytes(tar, { mediaType: 'application/x-thing' }), {
    code: 'LAYER_TYPE',
    message: /x-thing/,
  });
});
