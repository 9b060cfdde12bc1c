import { VarveError } from '../errors.ts';
import type { Digest } from '../oci/digest.ts';
import type { StoredBlob } from './blob-store.ts';

const REBUILD = 'build again: what is missing is made or fetched anew';

export function blobMissing(digest: Digest): VarveError {
  return new VarveError('BLOB_MISSING', `the store has no blob ${digest}`, { hint: REBUILD });
}

/** @param found what the bytes turned out to be, for the message */
export function blobCorrupt(digest: Digest, found: string): VarveError {
  return new VarveError('BLOB_CORRUPT', `blob ${digest} in the store is damaged (${found}); it was removed`, {
    hint: REBUILD,
  });
}

/** Compares what came with what was expected. @throws VarveError `BLOB_MISMATCH` */
export function checkExpected(
  actual: StoredBlob,
  expected: { readonly digest?: Digest; readonly size?: number } | undefined,
): void {
  if (expected?.size !== undefined && expected.size !== actual.size)
    throw new VarveError('BLOB_MISMATCH', `expected ${expected.size} bytes, got ${actual.size} (${actual.digest})`);
  if (expected?.digest !== undefined && expected.digest !== actual.digest)
    throw new VarveError('BLOB_MISMATCH', `expected ${expected.digest}, got ${actual.digest} (${actual.size} bytes)`);
}

/** @throws RangeError for a range that is not whole numbers from 0 on */
export function checkRange(range: { readonly start: number; readonly length: number }): void {
  const { start, length } = range;
  if (!Number.isSafeInteger(start) || !Number.isSafeInteger(length) || start < 0 || length < 0)
    throw new RangeError(`not a byte range: start ${start}, length ${length}`);
}

export function outOfRange(digest: Digest, range: { start: number; length: number }, size: number): RangeError {
  return new RangeError(`bytes ${range.start}+${range.length} of ${digest}, which has ${size}`);
}
