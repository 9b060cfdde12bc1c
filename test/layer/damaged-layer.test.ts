import { gzipSync, zstdCompressSync } from 'node:zlib';
import test from 'ava';
import { digestOf } from '../../src/oci/digest.ts';
import { guardedPlace } from '../fixtures/guarded-place.ts';
import { unpackBytes } from '../fixtures/layer-blob.ts';
import { makeTar, paxHeader, type RawTarEntry } from '../fixtures/make-tar.ts';

const file = (name: string, content = 'new'): RawTarEntry => ({ name, content });
const GOOD = makeTar([file('a', 'x'.repeat(700))]);
const BROKEN: readonly (readonly [title: string, bytes: Buffer])[] = [
  ['cut in a header', GOOD.subarray(0, 300)],
  ['cut in a content', GOOD.subarray(0, 512 + 600)],
  ['cut in the padding', GOOD.subarray(0, 512 + 900)],
  ['cut after a PAX header', makeTar([paxHeader({ path: 'p' })], Buffer.alloc(0))],
  ['data after the end', Buffer.concat([GOOD, Buffer.from('x')])],
  ['an entry after the end', Buffer.concat([GOOD, makeTar([file('../secret')])])],
  ['a gzip member that is cut', gzipSync(GOOD).subarray(0, -6)],
  ['a second gzip member that is cut', Buffer.concat([gzipSync(GOOD), gzipSync(Buffer.alloc(512)).subarray(0, -6)])],
  ['a second gzip member with an entry', Buffer.concat([gzipSync(GOOD), gzipSync(makeTar([file('b')]))])],
  ['noise after a gzip member', Buffer.concat([gzipSync(GOOD), Buffer.from('not gzip at all')])],
  ['a zstd frame that is cut', zstdCompressSync(GOOD).subarray(0, -3)],
  ['noise after a zstd frame', Buffer.concat([zstdCompressSync(GOOD), Buffer.from('not zstd at all')])],
];

for (const [title, bytes] of BROKEN) {
  test(`refused: ${title}`, async (t) => {
    const { dest, checkOutside } = guardedPlace(t);
    const error = await t.throwsAsync(unpackBytes(bytes, { dest }));
    t.regex((error as { code?: string }).code ?? '', /^(TAR_INVALID|LAYER_CORRUPT)$/, error!.message);
    checkOutside();
  });
}

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
