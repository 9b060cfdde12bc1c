import type { BlobStore } from '../../cas/blob-store.ts';
import { releasedChunks } from '../../io/release-buffer.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { RegistryClient, RepositoryName } from '../../registry/registry-client.ts';
import { decodeChanges } from '../../snapshot/changes-codec.ts';
import type { LayerItem } from '../../snapshot/entry.ts';

/** Larger lists of changes are not fetched: the layer itself is about as good then. */
const LIMIT_BYTES = 64 * 1024 * 1024;

/**
 * What a record says that its step changed; fetched into the store when it is not there. Undefined when it cannot be had.
 * @throws VarveError `REGISTRY_*`; Error when the bytes are no list of changes
 */
export async function readChanges(
  { changes, origin }: { readonly changes?: Descriptor | undefined; readonly origin?: RepositoryName | undefined },
  deps: { readonly blobs: BlobStore; readonly registry: RegistryClient; readonly signal: AbortSignal },
): Promise<LayerItem[] | undefined> {
  const { blobs, registry, signal } = deps;
  if (!changes) return undefined;
  if (!(await blobs.has(changes.digest))) {
    if (!origin || changes.size > LIMIT_BYTES) return undefined;
    await blobs.put(releasedChunks(await registry.blob(origin, changes, signal)), changes);
  }
  return decodeChanges(await blobs.read(changes.digest));
}
