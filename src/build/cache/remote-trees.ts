import type { BlobStore } from '../../cas/blob-store.ts';
import type { Log } from '../../io/log.ts';
import { chainId } from '../../oci/chain-id.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { Digest } from '../../oci/digest.ts';
import type { RegistryClient, RepositoryName } from '../../registry/registry-client.ts';
import { applyLayer } from '../../snapshot/apply-layer.ts';
import type { RootTree, TreeStore } from '../../snapshot/tree.ts';
import { diffIds, type LayerRef } from '../images/layer-ref.ts';
import { readChanges } from '../images/read-changes.ts';
import type { RemoteRecords } from './remote-records.ts';

/** Trees of layers that were never read here, from what the records say that changed. */
export interface RemoteTrees {
  /** The content digest of a base image's tree; one request at most. */
  content(layers: readonly LayerRef[]): Promise<Digest | undefined>;
  /** Undefined when the layers have to be read. @param treeOf gives the tree of the layers below */
  tree(
    layers: readonly LayerRef[],
    treeOf: (layers: readonly LayerRef[]) => Promise<RootTree>,
  ): Promise<RootTree | undefined>;
}

export function createRemoteTrees(deps: {
  readonly blobs: BlobStore;
  readonly trees: TreeStore;
  readonly registry: RegistryClient;
  readonly remote: RemoteRecords | undefined;
  readonly log: Log;
  readonly signal: AbortSignal;
}): RemoteTrees {
  const { trees, remote, log, signal } = deps;
  /** Bottom layers of stacks that no place knows: what is cut off from their tops is not known either. */
  const unknown = new Set<Digest>();

  const apply = async (
    below: () => Promise<RootTree | undefined>,
    content: Digest,
    changes: Descriptor,
    origin: RepositoryName | undefined,
  ): Promise<RootTree | undefined> => {
    try {
      const items = await readChanges({ changes, origin }, deps);
      if (!items) return undefined;
      const tree = await applyLayer(trees, await below(), items);
      if (tree.content === content) return tree;
      log.debug(`${changes.digest} does not lead to ${content}; the layer is read instead`);
    } catch (error) {
      signal.throwIfAborted();
      log.debug(`changes ${changes.digest}: ${(error as Error).message}; the layer is read instead`);
    }
    return undefined;
  };

  const baseTree = async (layers: readonly LayerRef[]) => {
    const [bottom] = layers;
    if (!remote || !bottom || unknown.has(bottom.diffId)) return undefined;
    const found = await remote.tree(chainId(diffIds(layers))!);
    if (!found) unknown.add(bottom.diffId);
    return found;
  };

  return {
    content: async (layers) => (await baseTree(layers))?.tree.content,
    async tree(layers, treeOf) {
      const top = layers.at(-1);
      if (!top) return undefined;
      if (top.result) {
        const { content, changes } = top.result;
        if (!changes) return undefined;
        const below = layers.slice(0, -1);
        return apply(async () => (below.length ? treeOf(below) : undefined), content, changes, top.origin);
      }
      const found = await baseTree(layers);
      return found && apply(async () => undefined, found.tree.content, found.changes!, found.origin);
    },
  };
}
