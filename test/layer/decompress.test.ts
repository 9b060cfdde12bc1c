import { randomBytes } from 'node:crypto';
import { constants, gzipSync, zstdCompressSync } from 'node:zlib';
import test from 'ava';
import { decompress, detectCompression } from '../../src/layer/decompress.ts';
import { noise } from '../fixtures/layer-items.ts';

async function* inSteps(bytes: Buffer, step: number): AsyncGenerator<Buffer> {
  for (let i = 0; i < bytes.length; i += step) yield bytes.subarray(i, i + step);
}

async function expand(bytes: Buffer, compression: 'none' | 'gzip' | 'zstd', step = bytes.length): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of decompress(inSteps(bytes, step), compression)) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

const skippable = Buffer.concat([Buffer.from('532a4d1805000000', 'hex'), Buffer.from('hello')]);
const unsized = (bytes: Buffer) =>
  zstdCompressSync(bytes, { params: { [constants.ZSTD_c_contentSizeFlag]: 0, [constants.ZSTD_c_checksumFlag]: 1 } });
const parts = [
  noise(300_000, 1),
  Buffer.alloc(0),
  Buffer.alloc(500_000, 'x'),
  randomBytes(200_000),
  Buffer.from('end'),
];
const whole = Buffer.concat(parts);
const zstd = Buffer.concat([
  skippable,
  ...parts.map((part, i) => (i % 2 ? unsized(part) : zstdCompressSync(part))),
  skippable,
]);

test('all gzip members are read, however they are cut', async (t) => {
  const gzip = Buffer.concat(parts.map((part) => gzipSync(part)));
  for (const step of [gzip.length, 65536, 1009]) t.true((await expand(gzip, 'gzip', step)).equals(whole));
});

test('all zstd frames are read, however they are cut, and skippable ones are skipped', async (t) => {
  for (const step of [zstd.length, 65536, 1009, 7]) t.true((await expand(zstd, 'zstd', step)).equals(whole));
  t.is((await expand(skippable, 'zstd')).length, 0);
});

test('damage and early ends are errors', async (t) => {
  const gzip = gzipSync(parts[0]!);
  await t.throwsAsync(expand(gzip.subarray(0, -1), 'gzip'), { code: 'Z_BUF_ERROR' });
  for (const cut of [2, 6, 20, 30_000, zstd.length - skippable.length - 1, zstd.length - 1])
    await t.throwsAsync(expand(zstd.subarray(0, cut), 'zstd'), undefined, `${cut}`);
  const flipped = Buffer.from(unsized(parts[0]!));
  flipped[50_000] = flipped[50_000]! ^ 1;
  await t.throwsAsync(expand(flipped, 'zstd'));
  await t.throwsAsync(expand(Buffer.concat([zstd, Buffer.from('garbage')]), 'zstd'), { message: /not a zstd frame/ });
});

test('an error of the source comes through', async (t) => {
  const source = (async function* () {
    yield zstd.subarray(0, 1000);
    throw new Error('network');
  })();
  await t.throwsAsync(
    async () => {
      for await (const _ of decompress(source, 'zstd'));
    },
    { message: 'network' },
  );
});

test('the first bytes tell', (t) => {
  const rows: [Buffer, string][] = [
    [gzipSync('x'), 'gzip'],
    [zstdCompressSync('x'), 'zstd'],
    [skippable, 'zstd'],
    [Buffer.from('BZh9'), 'bzip2'],
    [Buffer.from('fd377a585a00', 'hex'), 'xz'],
    [Buffer.from('etc/\0'), 'none'],
    [Buffer.alloc(0), 'none'],
  ];
  for (const [bytes, name] of rows) t.is(detectCompression(bytes), name as 'none');
});
