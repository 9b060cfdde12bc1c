import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { type Digest, digestFromBytes } from '../oci/digest.ts';
import { blobCorrupt, blobMissing, outOfRange } from './blob-error.ts';

const CHUNK_BYTES = 1 << 18;

export interface BlobReadableOptions {
  readonly digest: Digest;
  readonly path: string;
  readonly range: { readonly start: number; readonly length: number } | undefined;
  /** Digest to size of the blobs that need no hashing any more; a whole read adds to it. */
  readonly verified: Map<Digest, number>;
  /** Removes the damaged file, which has this inode. */
  readonly discard: (inode: bigint) => Promise<void>;
}

/**
 * A blob's bytes. A whole read of a blob that is not in `verified` is hashed on the way and fails at its end, before
 * 'end' is emitted, so whoever acts on the end never acts on wrong bytes.
 */
export function createBlobReadable(options: BlobReadableOptions): Readable {
  return Readable.from(readBlob(options), { objectMode: false, highWaterMark: CHUNK_BYTES });
}

async function* readBlob({ digest, path, range, verified, discard }: BlobReadableOptions): AsyncGenerator<Buffer> {
  const file = await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'ENOENT' ? blobMissing(digest) : error;
  });
  try {
    const stats = await file.stat({ bigint: true });
    const size = Number(stats.size);
    const corrupt = async (found: string) => {
      await discard(stats.ino);
      return blobCorrupt(digest, found);
    };

    const known = verified.get(digest);
    if (known !== undefined && known !== size) throw await corrupt(`${size} bytes instead of ${known}`);

    if (range && range.start + range.length > size) {
      // A file that is too short, or a caller who is wrong? Only the digest knows.
      if (known === undefined) {
        const found = await hashFile(file, size);
        if (found !== digest) throw await corrupt(`${size} bytes with ${found}`);
        verified.set(digest, size);
      }
      throw outOfRange(digest, range, size);
    }

    const start = range?.start ?? 0;
    const end = range ? start + range.length : size;
    const hash = known === undefined && start === 0 && end === size ? createHash('sha256') : undefined;
    let at = start;
    for await (const chunk of readChunks(file, start, end)) {
      hash?.update(chunk);
      at += chunk.length;
      yield chunk;
    }
    if (at < end) throw await corrupt(`it ends at byte ${at} of ${size}`);
    if (!hash) return;
    const found = digestFromBytes(hash.digest());
    if (found !== digest) throw await corrupt(`${size} bytes with ${found}`);
    verified.set(digest, size);
  } finally {
    await file.close();
  }
}

async function hashFile(file: FileHandle, size: number): Promise<Digest> {
  const hash = createHash('sha256');
  for await (const chunk of readChunks(file, 0, size)) hash.update(chunk);
  return digestFromBytes(hash.digest());
}

/** Ends early where the file does. */
async function* readChunks(file: FileHandle, start: number, end: number): AsyncGenerator<Buffer> {
  for (let at = start; at < end; ) {
    const buffer = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, end - at));
    const { bytesRead } = await file.read(buffer, 0, buffer.length, at);
    if (bytesRead === 0) return;
    at += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}
