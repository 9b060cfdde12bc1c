import { Readable } from 'node:stream';
import { type Digest, digestHex, digestOf } from '../oci/digest.ts';
import { blobMissing, checkExpected, checkRange, outOfRange } from './blob-error.ts';
import type { BlobStore, BlobWriter, StoredBlob } from './blob-store.ts';

type Expected = { readonly digest?: Digest; readonly size?: number };

/** Blobs in memory, for tests and dry runs. `path()` names no file. */
export function createMemoryBlobStore(): BlobStore {
  const blobs = new Map<Digest, Buffer>();

  const store = (bytes: Buffer, expected: Expected | undefined): StoredBlob => {
    const stored = { digest: digestOf(bytes), size: bytes.length };
    checkExpected(stored, expected);
    blobs.set(stored.digest, bytes);
    return stored;
  };
  const need = (digest: Digest): Buffer => {
    const bytes = blobs.get(digest);
    if (!bytes) throw blobMissing(digest);
    return bytes;
  };

  return {
    has: async (digest) => blobs.has(digest),
    size: async (digest) => blobs.get(digest)?.length,
    path: (digest) => `/nonexistent/blobs/sha256/${digestHex(digest)}`,
    open(digest, range) {
      if (range) checkRange(range);
      return Readable.from(parts(), { objectMode: false });
      async function* parts() {
        const bytes = need(digest);
        if (range && range.start + range.length > bytes.length) throw outOfRange(digest, range, bytes.length);
        yield Buffer.from(range ? bytes.subarray(range.start, range.start + range.length) : bytes);
      }
    },
    async readRange(digest, range) {
      checkRange(range);
      const bytes = need(digest);
      if (range.start + range.length > bytes.length) throw outOfRange(digest, range, bytes.length);
      return Buffer.from(bytes.subarray(range.start, range.start + range.length));
    },
    read: async (digest) => Buffer.from(need(digest)),
    async put(source, expected) {
      if (source instanceof Uint8Array) return store(Buffer.from(source), expected);
      const chunks: Buffer[] = [];
      for await (const chunk of source) chunks.push(Buffer.from(chunk));
      return store(Buffer.concat(chunks), expected);
    },
    writer: async () => createMemoryWriter(store),
    delete: async (digest) => void blobs.delete(digest),
  };
}

function createMemoryWriter(store: (bytes: Buffer, expected: Expected | undefined) => StoredBlob): BlobWriter {
  const chunks: Buffer[] = [];
  let ended = false;
  return {
    async write(chunk) {
      if (ended) throw new Error('the blob writer has ended');
      chunks.push(Buffer.from(chunk));
    },
    async commit(expected) {
      if (ended) throw new Error('the blob writer has ended');
      ended = true;
      return store(Buffer.concat(chunks), expected);
    },
    async abort() {
      ended = true;
    },
  };
}
