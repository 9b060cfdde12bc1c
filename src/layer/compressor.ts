import { constants, gunzip, gzip, zstdCompress, zstdDecompress } from 'node:zlib';
import { VarveError } from '../errors.ts';
import type { Compression } from '../oci/media-types.ts';
import { FORMAT } from './format.ts';

/** Compresses frames, each to one gzip member or zstd frame, on libuv's thread pool. */
export interface Compressor {
  /** All that decides the bytes besides the input: format, method, level, library version, processor architecture. */
  readonly id: string;
  compress(plain: Buffer): Promise<Buffer>;
  /** The `size` bytes that a frame made by compress() holds; fails when it is not one. */
  expand(frame: Buffer, size: number): Promise<Buffer>;
}

/** How layers are compressed: checked, the level always said. */
export interface CompressionSettings {
  readonly compression: Compression;
  readonly level: number;
}

const DEFAULT_LEVEL = { none: 0, gzip: 6, zstd: 3 } as const;
/** zlib's and zstd's own; gzip's 0 stores. */
const LEVELS = { none: [0, 0], gzip: [0, 9], zstd: [1, 22] } as const;
/** Byte 9 of a gzip member says on which system it was made; 255 is "unknown" (RFC 1952), and what Go writes. */
const GZIP_OS_BYTE = 9;
const GZIP_OS_UNKNOWN = 255;

/**
 * @throws VarveError `COMPRESSION_LEVEL` for a level that the method does not have: gzip has 0 to 9 (default 6), zstd
 * 1 to 22 (default 3), none has none
 */
export function compressionSettings(compression: Compression, level?: number): CompressionSettings {
  const [low, high] = LEVELS[compression];
  const chosen = level ?? DEFAULT_LEVEL[compression];
  if (!Number.isInteger(chosen) || chosen < low || chosen > high) {
    const has = compression === 'none' ? 'has no levels' : `has levels ${low} to ${high}`;
    throw new VarveError('COMPRESSION_LEVEL', `compression level ${chosen}: ${compression} ${has}`, { exitCode: 2 });
  }
  return { compression, level: chosen };
}

export function createCompressor({ compression, level }: CompressionSettings): Compressor {
  const library = compression === 'zstd' ? process.versions.zstd : process.versions.zlib;
  const id = `${FORMAT} ${compression}-${level} ${library} ${process.arch}`;
  if (compression === 'none') return { id, compress: async (plain) => plain, expand: async (frame) => frame };
  return compression === 'gzip' ? gzipCompressor(id, level) : zstdCompressor(id, level);
}

function gzipCompressor(id: string, level: number): Compressor {
  return {
    id,
    compress: async (plain) => {
      const frame = await call(gzip, plain, { level, chunkSize: roomFor(plain.length) });
      frame[GZIP_OS_BYTE] = GZIP_OS_UNKNOWN;
      return frame;
    },
    expand: (frame, size) => call(gunzip, frame, { maxOutputLength: size, chunkSize: roomFor(size) }),
  };
}

function zstdCompressor(id: string, level: number): Compressor {
  const params = {
    [constants.ZSTD_c_compressionLevel]: level,
    [constants.ZSTD_c_checksumFlag]: 1,
    [constants.ZSTD_c_contentSizeFlag]: 1,
  };
  return {
    id,
    compress: (plain) =>
      call(zstdCompress, plain, { params, pledgedSrcSize: plain.length, chunkSize: roomFor(plain.length) }),
    expand: (frame, size) => call(zstdDecompress, frame, { maxOutputLength: size, chunkSize: roomFor(size) }),
  };
}

/** One output buffer for a whole frame: one trip to the thread pool instead of one for each 16 KiB. */
function roomFor(size: number): number {
  return size + (size >> 8) + 1024;
}

function call<O>(
  method: (input: Buffer, options: O, callback: (error: Error | null, result: Buffer) => void) => void,
  input: Buffer,
  options: O,
): Promise<Buffer> {
  return new Promise((resolve, reject) =>
    method(input, options, (error, result) => (error ? reject(error) : resolve(result))),
  );
}
