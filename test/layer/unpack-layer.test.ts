import { execFileSync } from 'node:child_process';
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
import { Readable } from 'node:stream';
import test, { type ExecutionContext } from 'ava';
import { joinBytes, toFsPath } from '../../src/io/byte-path.ts';
import { loadLibc, splitDevice } from '../../src/io/libc.ts';
import { PIECE_BYTES } from '../../src/layer/format.ts';
import { createUnpackPool, type UnpackOptions, unpackLayer } from '../../src/layer/unpack-layer.ts';
import { digestOf } from '../../src/oci/digest.ts';
import { OCI_LAYER, OCI_LAYER_GZIP } from '../../src/oci/media-types.ts';
import type { LayerItem } from '../../src/snapshot/entry.ts';
import { layerBlob, unpackBytes } from '../fixtures/layer-blob.ts';
import { noise, sampleLayer } from '../fixtures/layer-items.ts';
import { makeTar } from '../fixtures/make-tar.ts';

const libc = loadLibc();

function tempDir(t: ExecutionContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'varve-unpack-'));
  t.teardown(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

function isRoot(t: ExecutionContext): boolean {
  const root = process.getuid?.() === 0;
  if (!root) t.log('not root: owners, devices and capabilities cannot be set here');
  return root;
}

/** Everything that an entry can say. In the order that unpacking gives. */
function everything() {
  const layer = sampleLayer();
  layer.add('', 'dir', { mode: 0o711, mtime: 5n });
  layer.add('a', 'dir', { mode: 0o2750, uid: 12, gid: 34, mtime: 1_700_000_000_123_456_789n });
  layer.add('a/block', 'block', { device: [8, 3], mode: 0o660 });
  layer.add('a/char', 'char', { device: [300, 70000], mode: 0o600, gid: 5 });
  layer.add('a/fifo', 'fifo', { mtime: -1_500_000_000n });
  layer.file('a/read-only', 'x', { mode: 0o444, mtime: 2_208_988_800_000_000_001n });
  layer.add('a/sticky', 'dir', { mode: 0o1777 });
  layer.file('a/sticky/empty', '');
  layer.file('big', noise(PIECE_BYTES + 12345, 1), { mode: 0o4711, uid: 1000, gid: 1000 });
  layer.add('b\xff\xfe', 'symlink', { mode: 0o777, target: '../\xe9', uid: 7, mtime: -1n });
  layer.file('cap', 'capable', {
    mode: 0o755,
    xattrs: [
      ['security.capability', Buffer.from('0100000280240080000000800000000000000000', 'hex')],
      ['user.bytes', Buffer.from([0x80, 0, 0xff, 0x0a])],
    ],
  });
  layer.file('far', 'x', { uid: 2 ** 32 - 2, gid: 2 ** 32 - 2 });
  layer.file('n1', 'linked', { hardlink: 'n1' });
  layer.file('n2', 'linked', { hardlink: 'n1' });
  return layer;
}

function checkOnDisk(t: ExecutionContext, dest: string, item: LayerItem): void {
  if (item.kind !== 'entry') return;
  const { entry, path } = item;
  const file = joinBytes(dest, path);
  const st = lstatSync(toFsPath(file), { bigint: true });
  const type = st.isFile()
    ? 'file'
    : st.isDirectory()
      ? 'dir'
      : st.isSymbolicLink()
        ? 'symlink'
        : st.isFIFO()
          ? 'fifo'
          : st.isBlockDevice()
            ? 'block'
            : 'char';
  t.is(type, entry.type, path);
  if (type !== 'symlink') t.is(Number(st.mode) & 0o7777, entry.mode, path);
  t.deepEqual([Number(st.uid), Number(st.gid), st.mtimeNs], [entry.uid, entry.gid, entry.mtime], path);
  if (type === 'file') t.is(digestOf(readFileSync(toFsPath(file))), entry.digest!, path);
  if (type === 'symlink') t.is(readlinkSync(toFsPath(file), 'buffer').toString('latin1'), entry.target!);
  if (entry.device) t.deepEqual(splitDevice(st.rdev), [...entry.device]);
  for (const [name, value] of entry.xattrs ?? []) t.deepEqual(libc.getXattr(file, name), value, name);
}

for (const compression of ['none', 'gzip', 'zstd'] as const) {
  test(`what was assembled comes back, on disk and as items: ${compression}`, async (t) => {
    if (!isRoot(t)) return;
    const layer = everything();
    const dest = tempDir(t);
    const { bytes, mediaType, expected } = await layerBlob(layer, compression);
    const unpacked = await unpackBytes(bytes, { dest, mediaType, expected });
    t.deepEqual(unpacked.items, layer.items);
    t.deepEqual(unpacked.implicitDirs, []);
    t.like(unpacked, { diffId: expected.diffId, digest: expected.digest, size: bytes.length });
    for (const item of layer.items) checkOnDisk(t, dest, item);
    t.is(lstatSync(join(dest, 'n1')).ino, lstatSync(join(dest, 'n2')).ino);
    const read = await unpackBytes(bytes, { mediaType, expected });
    t.deepEqual(read, unpacked);
  });
}

test('a pool of workers gives the same, for blobs and for streams', async (t) => {
  if (!isRoot(t)) return;
  const dir = tempDir(t);
  const pool = createUnpackPool(2);
  t.teardown(() => pool.close());
  const layer = everything();
  const { bytes, mediaType, expected } = await layerBlob(layer);
  writeFileSync(join(dir, 'blob'), bytes);
  const sources = [
    join(dir, 'blob'),
    join(dir, 'blob'),
    Readable.from([bytes]),
    Readable.from([bytes]),
    join(dir, 'blob'),
  ];
  const all = await Promise.all(
    sources.map((source, i) => {
      mkdirSync(join(dir, `d${i}`));
      return unpackLayer({ source, mediaType, expected, dest: join(dir, `d${i}`), whiteouts: 'trusted', libc, pool });
    }),
  );
  for (const [i, unpacked] of all.entries()) {
    t.deepEqual(unpacked.items, layer.items);
    for (const item of layer.items) checkOnDisk(t, join(dir, `d${i}`), item);
  }
  const bad = { ...expected, digest: digestOf('other') };
  const options: UnpackOptions = {
    source: join(dir, 'blob'),
    mediaType,
    expected: bad,
    whiteouts: 'trusted',
    libc,
    pool,
  };
  const error = await t.throwsAsync(unpackLayer(options), { code: 'LAYER_MISMATCH' });
  t.is(error!.name, 'VarveError');
  await t.throwsAsync(unpackLayer({ ...options, source: join(dir, 'no') }), { code: 'ENOENT' });
});

test('an aborted signal ends it, in a pool and without', async (t) => {
  const pool = createUnpackPool(1);
  t.teardown(() => pool.close());
  for (const used of [pool, undefined]) {
    const controller = new AbortController();
    const reason = new Error('enough');
    const source = Readable.from(
      (async function* () {
        const tar = makeTar([{ name: 'a', content: 'x' }]);
        yield tar.subarray(0, 100);
        controller.abort(reason);
        await new Promise((resolve) => setImmediate(resolve));
        yield tar.subarray(100);
      })(),
    );
    const over = { source, signal: controller.signal, ...(used ? { pool: used } : {}) };
    t.is(await t.throwsAsync(unpackBytes(Buffer.alloc(2048), over)), reason);
  }
  const { bytes, mediaType, expected } = await layerBlob(sampleLayer());
  t.deepEqual((await unpackBytes(bytes, { mediaType, expected, pool })).items, []);
});

test('whiteouts become what overlayfs has for them', async (t) => {
  if (!isRoot(t)) return;
  const layer = sampleLayer();
  layer.add('d', 'dir');
  layer.items.push({ kind: 'opaque', path: 'd' });
  layer.file('d/kept', 'x');
  layer.items.push({ kind: 'whiteout', path: 'gone' });
  for (const whiteouts of ['trusted', 'user'] as const) {
    const dest = tempDir(t);
    const { bytes, mediaType, expected } = await layerBlob(layer);
    const unpacked = await unpackBytes(bytes, { dest, mediaType, expected, whiteouts });
    t.deepEqual(unpacked.items, layer.items);
    const st = lstatSync(join(dest, 'gone'), { bigint: true });
    t.true(st.isCharacterDevice());
    t.is(st.rdev, 0n);
    t.is(libc.getXattr(join(dest, 'd'), `${whiteouts}.overlay.opaque`)?.toString(), 'y');
    t.deepEqual(readdirSync(join(dest, 'd')), ['kept']);
  }
});

test('a whiteout beside an entry of the same name is about the layers below', async (t) => {
  const dir = { name: 'd/', type: '5', mode: 0o755 };
  const rows = [
    [{ name: '.wh.d' }, dir],
    [dir, { name: '.wh.d' }],
    [{ name: '.wh.f' }, { name: 'f', content: 'x' }],
    [{ name: 'f', content: 'x' }, { name: '.wh.f' }],
    [{ name: '.wh.i' }, { name: 'i/x' }],
  ];
  const kinds = [];
  for (const row of rows)
    kinds.push((await unpackBytes(makeTar(row))).items.map(({ kind, path }) => `${kind} ${path}`));
  t.deepEqual(kinds, [
    ['entry d', 'opaque d'],
    ['entry d', 'opaque d'],
    ['entry f'],
    ['entry f'],
    ['opaque i', 'entry i/x'],
  ]);
});

test('directories that have no entry are made and told', async (t) => {
  if (!isRoot(t)) return;
  const dest = tempDir(t);
  const tar = makeTar([
    { name: 'x/y/z', content: '1' },
    { name: 'x/', type: '5', mode: 0o700 },
    { name: 'w/.wh.gone' },
  ]);
  const { items, implicitDirs } = await unpackBytes(tar, { dest });
  t.deepEqual(implicitDirs, ['w', 'x/y']);
  t.deepEqual(
    items.map(({ path }) => path),
    ['w/gone', 'x', 'x/y/z'],
  );
  t.is(lstatSync(join(dest, 'x')).mode & 0o7777, 0o700);
  t.is(lstatSync(join(dest, 'x/y')).mode & 0o7777, 0o755);
  t.is(lstatSync(join(dest, 'x/y')).mtimeMs, 0);
});

test('attributes that belong in no image are left out', async (t) => {
  const tar = execFileSync('python3', [
    '-c',
    [
      'import sys, tarfile, io',
      't = tarfile.open(fileobj=sys.stdout.buffer, mode="w|", format=tarfile.PAX_FORMAT)',
      'i = tarfile.TarInfo("a"); i.pax_headers = {"SCHILY.xattr.trusted.overlay.redirect": "/etc", "SCHILY.xattr.user.overlay.opaque": "y", "SCHILY.xattr.security.selinux": "s", "SCHILY.xattr.user.mine": "v"}',
      't.addfile(i); t.close()',
    ].join('\n'),
  ]);
  const { items } = await unpackBytes(tar);
  t.is(items.length, 1);
  t.like(items[0], { kind: 'entry', entry: { xattrs: [['user.mine', Buffer.from('v')]] } });
});

test('a layer is what its content is: compression is seen, not believed', async (t) => {
  const layer = sampleLayer();
  layer.file('a', 'x');
  for (const compression of ['none', 'gzip', 'zstd'] as const) {
    const { bytes, expected } = await layerBlob(layer, compression);
    for (const mediaType of [OCI_LAYER, OCI_LAYER_GZIP])
      t.deepEqual((await unpackBytes(bytes, { mediaType, expected })).items, layer.items);
  }
});
