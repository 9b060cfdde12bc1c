import { createHash } from 'node:crypto';
import type { Catalog } from '../cas/catalog.ts';
import type { Log } from '../io/log.ts';
import { type Digest, digestBytes, digestFromBytes } from '../oci/digest.ts';

/** Where a frame's compressed bytes are, and what they hold. */
export interface CachedFrame {
  /** The blob that has them, and the range in it. */
  readonly digest: Digest;
  readonly start: number;
  readonly length: number;
  /** sha256 and size of the uncompressed bytes. */
  readonly plain: Digest;
  readonly plainSize: number;
}

/** Known frames. A failure of it is a miss, never an error. */
export interface FrameCache {
  get(key: string): Promise<CachedFrame | undefined>;
  put(rows: readonly (readonly [key: string, frame: CachedFrame])[]): Promise<void>;
}

/** A frame's key: how it is compressed (Compressor.id) and the identity of its bytes. */
export function frameKey(compressorId: string, identity: string): string {
  return createHash('sha256').update(`frame\0${compressorId}\0${identity}`).digest('hex');
}

const DIGEST_BYTES = 32;
const ROW_BYTES = 2 * DIGEST_BYTES + 3 * 8;

/**
 * Frames in the catalog's space `frame`: key to blob digest, plain digest (32 bytes each), start, length and plain size
 * (8 bytes each, big-endian).
 */
export function createFrameCache(catalog: Catalog, log: Log): FrameCache {
  return {
    async get(key) {
      try {
        const row = await catalog.get('frame', key);
        return row && decodeFrame(row);
      } catch (error) {
        log.warn(`frame cache: ${(error as Error).message}`);
        return undefined;
      }
    },
    async put(rows) {
      try {
        await catalog.write(
          rows.map(([key, frame]) => ({ type: 'put', space: 'frame', key, value: encodeRow(frame) }) as const),
        );
      } catch (error) {
        log.warn(`frame cache: ${(error as Error).message}`);
      }
    },
  };
}

function encodeRow(frame: CachedFrame): Buffer {
  const row = Buffer.alloc(ROW_BYTES);
  row.set(digestBytes(frame.digest), 0);
  row.set(digestBytes(frame.plain), DIGEST_BYTES);
  [frame.start, frame.length, frame.plainSize].forEach((value, i) => {
    row.writeBigUInt64BE(BigInt(value), 2 * DIGEST_BYTES + 8 * i);
  });
  return row;
}

/** A row of the space `frame`; undefined for one of another layout. */
export function decodeFrame(row: Buffer): CachedFrame | undefined {
  if (row.length !== ROW_BYTES) return undefined;
  const number = (i: number) => Number(row.readBigUInt64BE(2 * DIGEST_BYTES + 8 * i));
  return {
    digest: digestFromBytes(row.subarray(0, DIGEST_BYTES)),
    plain: digestFromBytes(row.subarray(DIGEST_BYTES, 2 * DIGEST_BYTES)),
    start: number(0),
    length: number(1),
    plainSize: number(2),
  };
}
