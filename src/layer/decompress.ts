import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { decompressZstd } from './zstd-frames.ts';

/** What the first bytes say about how a file is compressed. */
export type DetectedCompression = 'none' | 'gzip' | 'zstd' | 'bzip2' | 'xz';

/** Bytes that {@link detectCompression} wants to see. */
export const MAGIC_BYTES = 6;
/** Output asked for at a time: with zlib's own 16 KiB, a trip to the thread pool for each, gunzip is 2 times slower. */
const CHUNK_BYTES = 128 * 1024;

const MAGICS: readonly (readonly [DetectedCompression, readonly number[]])[] = [
  ['gzip', [0x1f, 0x8b]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
  ['bzip2', [0x42, 0x5a, 0x68]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
];

/** How a file is compressed, by its first bytes; a zstd skippable frame counts as zstd. */
export function detectCompression(first: Uint8Array): DetectedCompression {
  for (const [name, magic] of MAGICS) if (magic.every((byte, i) => first[i] === byte)) return name;
  const isSkippable = ((first[0] ?? 0) & 0xf0) === 0x50 && first[1] === 0x2a && first[2] === 0x4d && first[3] === 0x18;
  return isSkippable ? 'zstd' : 'none';
}

/**
 * The uncompressed bytes: all gzip members, all zstd frames.
 * @throws Error from zlib when the data is damaged or ends early
 */
export function decompress(
  source: AsyncIterable<Uint8Array>,
  compression: 'none' | 'gzip' | 'zstd',
): AsyncIterable<Buffer> {
  if (compression === 'zstd') return decompressZstd(source);
  const input = Readable.from(source, { objectMode: false, highWaterMark: CHUNK_BYTES });
  if (compression === 'none') return input;
  // The error comes out of the iteration.
  return pipeline(input, createGunzip({ chunkSize: CHUNK_BYTES }), () => {});
}
