import { Readable } from 'node:stream';
import type { BlobStore } from '../../cas/blob-store.ts';
import { VarveError } from '../../errors.ts';
import type { BlobName, RecordStore } from '../../registry/record-store.ts';
import type { RepositoryName } from '../../registry/registry-client.ts';

export interface BlobRelayDeps {
  readonly place: RecordStore;
  readonly blobs: BlobStore;
  /** A blob of a repository. */
  readonly pull: (from: RepositoryName, blob: BlobName, signal: AbortSignal) => Promise<Readable>;
  /** How long so many bytes may take. */
  readonly within: (bytes: number) => AbortSignal;
}

/**
 * Makes blobs be in a place: from the store, mounted from their repository, or passed on from one registry to the other, never
 * held as a whole.
 * @returns false when the blob cannot be had
 */
export function createBlobRelay({ place, blobs, pull, within }: BlobRelayDeps) {
  async function* passed(from: RepositoryName, blob: BlobName): AsyncGenerator<Buffer> {
    try {
      yield* await pull(from, blob, within(blob.size));
    } catch (error) {
      // Not a failure of the place that is written to.
      const why = error instanceof Error ? error.message : String(error);
      throw new VarveError('CACHE_COPY', `a record cannot be copied from ${from.registry}/${from.repository}: ${why}`, {
        cause: error,
      });
    }
  }

  return async ({ digest, size }: BlobName, origin: RepositoryName | undefined): Promise<boolean> => {
    const blob = { digest, size };
    const isStored = await blobs.has(digest);
    const isNear = origin !== undefined && origin.registry === place.repository?.registry;
    const isHere = isNear && origin.repository === place.repository?.repository;
    // What this very place had, and the store has not, nobody else is known to have.
    if (!isStored && (!origin || isHere)) return isHere && place.hasBlob(blob, within(0));
    const open = (): Readable =>
      isStored || !origin ? blobs.open(digest) : Readable.from(passed(origin, blob), { objectMode: false });
    await place.putBlob({ ...blob, ...(isNear ? { from: origin } : {}) }, open, within(size));
    return true;
  };
}
