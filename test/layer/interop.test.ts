import { execFileSync } from 'node:child_process';
import { lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { PIECE_BYTES } from '../../src/layer/format.ts';
import { digestHex, digestOf } from '../../src/oci/digest.ts';
import { type Compression, OCI_CONFIG, OCI_INDEX, OCI_MANIFEST } from '../../src/oci/media-types.ts';
import { layerBlob } from '../fixtures/layer-blob.ts';
import { noise, sampleLayer } from '../fixtures/layer-items.ts';

/** Several frames, a large file in pieces, and what ustar has no field for. */
function sample() {
  const layer = sampleLayer();
  layer.add('d', 'dir', { mode: 0o1777 });
  for (let i = 0; i < 300; i++) layer.file(`d/${String(i).padStart(3, '0')}`, noise(3000, i));
  layer.file('big', noise(PIECE_BYTES + 777, 1), { mtime: 1_700_000_000_123_456_789n });
  layer.file('h1', 'linked', { hardlink: 'h1' });
  layer.file('h2', 'linked', { hardlink: 'h1' });
  layer.file(`long/${'n'.repeat(255)}`, 'x');
  layer.file('owned', 'x', { uid: 3_000_000, gid: 3_000_001, xattrs: [['user.bytes', Buffer.from([0x80, 0xff])]] });
  layer.add('s', 'symlink', { mode: 0o777, target: 'd/000' });
  return layer;
}

/** An image layout with one image of one layer, tagged `x`. */
async function writeLayout(dir: string, compression: Compression) {
  const layer = sample();
  const { bytes, mediaType, expected } = await layerBlob(layer, compression);
  mkdirSync(join(dir, 'blobs/sha256'), { recursive: true });
  const put = (blob: Buffer, type: string) => {
    const digest = digestOf(blob);
    writeFileSync(join(dir, 'blobs/sha256', digestHex(digest)), blob);
    return { mediaType: type, digest, size: blob.length };
  };
  const json = (value: unknown) => Buffer.from(JSON.stringify(value));
  const rootfs = { type: 'layers', diff_ids: [expected.diffId] };
  const config = put(json({ architecture: 'amd64', os: 'linux', config: {}, rootfs }), OCI_CONFIG);
  const layers = [put(bytes, mediaType)];
  const manifest = put(json({ schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers }), OCI_MANIFEST);
  const manifests = [{ ...manifest, annotations: { 'org.opencontainers.image.ref.name': 'x' } }];
  writeFileSync(join(dir, 'index.json'), json({ schemaVersion: 2, mediaType: OCI_INDEX, manifests }));
  writeFileSync(join(dir, 'oci-layout'), json({ imageLayoutVersion: '1.0.0' }));
  return { layer, expected };
}

test('umoci unpacks a gzip layer of many members', async (t) => {
  if (process.getuid?.() !== 0) return t.log('not root: owners cannot be set here');
  const dir = mkdtempSync(join(tmpdir(), 'varve-umoci-'));
  t.teardown(() => rmSync(dir, { recursive: true }));
  const { layer } = await writeLayout(join(dir, 'layout'), 'gzip');
  execFileSync('umoci', ['raw', 'unpack', '--image', `${join(dir, 'layout')}:x`, join(dir, 'fs')], { stdio: 'pipe' });
  for (const item of layer.items) {
    if (item.kind !== 'entry') continue;
    const st = lstatSync(join(dir, 'fs', item.path), { bigint: true });
    const { uid, gid, mode, type } = item.entry;
    t.deepEqual([Number(st.uid), Number(st.gid)], [uid, gid], item.path);
    if (type === 'symlink') continue;
    t.is(Number(st.mode) & 0o7777, mode, item.path);
    // umoci sets times in microseconds; a directory's too, before its last child.
    if (type === 'file') t.is(st.mtimeNs / 1000n, item.entry.mtime / 1000n, item.path);
    if (type === 'file')
      t.true(readFileSync(join(dir, 'fs', item.path)).equals(layer.contents.get(item.path)!), item.path);
  }
  t.is(lstatSync(join(dir, 'fs/h1')).ino, lstatSync(join(dir, 'fs/h2')).ino);
});

test('skopeo decompresses gzip members and zstd frames to the same diffID', async (t) => {
  for (const compression of ['gzip', 'zstd'] as const) {
    const dir = mkdtempSync(join(tmpdir(), 'varve-skopeo-'));
    t.teardown(() => rmSync(dir, { recursive: true }));
    const { expected } = await writeLayout(join(dir, 'layout'), compression);
    const copy = ['copy', '--insecure-policy', '--dest-decompress'];
    execFileSync('skopeo', [...copy, `oci:${join(dir, 'layout')}:x`, `dir:${join(dir, 'out')}`], { stdio: 'pipe' });
    const tar = readFileSync(join(dir, 'out', digestHex(expected.diffId)));
    t.is(digestOf(tar), expected.diffId, compression);
  }
});
