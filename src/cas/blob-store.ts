import type { Readable } from 'node:stream';
import type { Digest } from '../oci/digest.ts';

/** Immutable bytes by their sha256, on disk as an OCI image layout has them. */
export interface BlobStore {
  has(digest: Digest): Promise<boolean>;
  /** Bytes, or undefined when the blob is absent. */
  size(digest: Digest): Promise<number | undefined>;
  /** Absolute path of a blob; it need not exist. */
  path(digest: Digest): string;
  /**
   * The blob's bytes, whole or a part. The digest is checked on the first whole read of this process.
   * @throws VarveError `BLOB_MISSING`, `BLOB_CORRUPT` (and the blob is removed)
   */
  open(digest: Digest, range?: { readonly start: number; readonly length: number }): Readable;
  /**
   * A part of a blob at once, in a buffer of its own. Its digest is not checked: the caller knows what the part is.
   * @throws VarveError `BLOB_MISSING`; RangeError when the blob ends before the part does
   */
  readRange(digest: Digest, range: { readonly start: number; readonly length: number }): Promise<Buffer>;
  /** A small blob at once; checked always. */
  read(digest: Digest): Promise<Buffer>;
  /**
   * Stores what comes, visible under its digest only when it is complete, synced and equal to what was expected.
   * @throws VarveError `BLOB_MISMATCH` when digest or size differ from `expected`
   */
  put(
    source: AsyncIterable<Uint8Array> | Uint8Array,
    expected?: { readonly digest?: Digest; readonly size?: number },
  ): Promise<StoredBlob>;
  /** For a producer that pushes bytes, and ends with commit() or abort(). */
  writer(): Promise<BlobWriter>;
  delete(digest: Digest): Promise<void>;
}

export interface StoredBlob {
  readonly digest: Digest;
  readonly size: number;
}

export interface BlobWriter {
  write(chunk: Uint8Array): Promise<void>;
  commit(expected?: { readonly digest?: Digest; readonly size?: number }): Promise<StoredBlob>;
  /** After commit() it does nothing, so that who cleans up after an error of commit() keeps that error. */
  abort(): Promise<void>;
}
