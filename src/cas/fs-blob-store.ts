import { createHash } from 'node:crypto';
import { closeSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { type Digest, digestFromBytes, digestHex, digestOf } from '../oci/digest.ts';
import { blobCorrupt, blobMissing, checkExpected, checkRange, outOfRange } from './blob-error.ts';
import type { BlobStore, StoredBlob } from './blob-store.ts';
import { createBlobReadable } from './fs-blob-readable.ts';
import { createBufferPool, openFsBlobWriter } from './fs-blob-writer.ts';

export interface FsBlobStoreOptions {
  /** `<store>/v1/blobs/sha256`; it exists. */
  readonly directory: string;
  /** A path for a half-written file, new on each call, on the same file system. */
  readonly newTemp: () => string;
  /** Told of each blob before anything is said of it: from then on nobody collects it. */
  readonly hold: (digest: Digest) => void;
}

/** Blobs as files of an OCI image layout (docs/store-format.md, "Blobs"). */
export function createFsBlobStore(options: FsBlobStoreOptions): BlobStore {
  // Size of each blob whose digest this process has checked or made.
  const verified = new Map<Digest, number>();
  const pool = createBufferPool(4);

  const pathOf = (digest: Digest): string => join(options.directory, digestHex(digest));
  // Synchronous: a stat of a cached inode takes 3 µs, a hop to libuv's pool 50 and more beside compression.
  const sizeOf = (digest: Digest): number | undefined => {
    options.hold(digest);
    const stats = statSync(pathOf(digest), { throwIfNoEntry: false });
    return stats?.isFile() ? stats.size : undefined;
  };
  /** Forgets and unlinks a damaged blob, unless its name already leads to another file. */
  const discard = async (digest: Digest, inode: bigint): Promise<void> => {
    verified.delete(digest);
    const named = statSync(pathOf(digest), { bigint: true, throwIfNoEntry: false });
    if (named?.ino === inode) await rm(pathOf(digest), { force: true });
  };

  const openWriter = () =>
    openFsBlobWriter({
      temp: options.newTemp(),
      target: (digest) => {
        options.hold(digest);
        return pathOf(digest);
      },
      pool,
      onCommit: (stored) => verified.set(stored.digest, stored.size),
    });

  async function putBytes(bytes: Uint8Array, expected: { digest?: Digest; size?: number } | undefined) {
    const stored: StoredBlob = { digest: digestOf(bytes), size: bytes.length };
    checkExpected(stored, expected);
    if (sizeOf(stored.digest) === stored.size) {
      if (verified.get(stored.digest) === stored.size) return stored;
      // Reading what is there takes 0.1 ms, writing it again a sync of the disk, and a build of which nothing changed makes
      // the same documents again. Damaged bytes are written anew.
      if (hasBytes(pathOf(stored.digest), bytes)) {
        verified.set(stored.digest, stored.size);
        return stored;
      }
    }
    const writer = await openWriter();
    return finish(writer, async () => writer.write(bytes), stored);
  }

  return {
    has: async (digest) => sizeOf(digest) !== undefined,
    size: async (digest) => sizeOf(digest),
    path: pathOf,
    open(digest, range): Readable {
      if (range) checkRange(range);
      options.hold(digest);
      return createBlobReadable({ digest, path: pathOf(digest), range, verified, discard: (i) => discard(digest, i) });
    },
    // Synchronous: four hops to libuv's pool wait behind the frames that are compressed there.
    async readRange(digest, range) {
      checkRange(range);
      options.hold(digest);
      return readPart(pathOf(digest), digest, range);
    },
    async read(digest) {
      options.hold(digest);
      const file = await open(pathOf(digest), 'r').catch((error: NodeJS.ErrnoException) => {
        throw error.code === 'ENOENT' ? blobMissing(digest) : error;
      });
      try {
        const bytes = await file.readFile();
        const found = digestFromBytes(createHash('sha256').update(bytes).digest());
        if (found !== digest) {
          await discard(digest, (await file.stat({ bigint: true })).ino);
          throw blobCorrupt(digest, `${bytes.length} bytes with ${found}`);
        }
        verified.set(digest, bytes.length);
        return bytes;
      } finally {
        await file.close();
      }
    },
    async put(source, expected) {
      if (source instanceof Uint8Array) return putBytes(source, expected);
      const writer = await openWriter();
      return finish(
        writer,
        async () => {
          for await (const chunk of source) await writer.write(chunk);
        },
        expected,
      );
    },
    writer: openWriter,
    async delete(digest) {
      verified.delete(digest);
      await rm(pathOf(digest), { force: true });
    },
  };
}

/** Whether the file is there and has these bytes. */
function hasBytes(path: string, bytes: Uint8Array): boolean {
  try {
    return readFileSync(path).equals(bytes);
  } catch {
    return false;
  }
}

function readPart(path: string, digest: Digest, range: { readonly start: number; readonly length: number }): Buffer {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'ENOENT' ? blobMissing(digest) : error;
  }
  try {
    const bytes = Buffer.allocUnsafeSlow(range.length);
    for (let done = 0; done < range.length; ) {
      const read = readSync(file, bytes, done, range.length - done, range.start + done);
      if (read === 0) throw outOfRange(digest, range, range.start + done);
      done += read;
    }
    return bytes;
  } finally {
    closeSync(file);
  }
}

async function finish(
  writer: Awaited<ReturnType<typeof openFsBlobWriter>>,
  fill: () => Promise<void>,
  expected: { readonly digest?: Digest; readonly size?: number } | undefined,
): Promise<StoredBlob> {
  try {
    await fill();
  } catch (error) {
    await writer.abort();
    throw error;
  }
  return writer.commit(expected);
}
