import { hash } from 'node:crypto';
import type { Catalog } from '../cas/catalog.ts';
import { VarveError } from '../errors.ts';
import { type Digest, digestHex } from '../oci/digest.ts';
import type { TreeNode, TreeStore } from './tree.ts';
import { decodeNode, encodeExact } from './tree-codec.ts';

/** Entries kept decoded in memory: about 20 MB at 400 bytes each. */
const CACHED_ENTRIES = 50_000;

/**
 * Nodes in the catalog's space `tree`, keyed by the hex digits of their exact digest (docs/store-format.md, "tree").
 * Every node is hashed when it is read, so a damaged row is a missing node.
 * @param cachedEntries bound of the memory for decoded nodes, in directory entries
 */
export function createTreeStore(catalog: Catalog, cachedEntries: number = CACHED_ENTRIES): TreeStore {
  const cache = new Map<Digest, TreeNode>(); // in order of last use
  let cached = 0;
  const weight = (node: TreeNode): number => node.children.length + 1;
  const keep = (digest: Digest, node: TreeNode): void => {
    const old = cache.get(digest);
    if (old) cached -= weight(old);
    cache.delete(digest);
    cache.set(digest, node);
    cached += weight(node);
    for (const [oldest, dropped] of cache) {
      if (cached <= cachedEntries) break;
      cache.delete(oldest);
      cached -= weight(dropped);
    }
  };

  return {
    async node(exact) {
      const known = cache.get(exact);
      if (known) {
        cache.delete(exact);
        cache.set(exact, known);
        return known;
      }
      const value = await catalog.get('tree', digestHex(exact));
      if (value === undefined) throw missing(exact);
      if (hash('sha256', value, 'hex') !== digestHex(exact)) throw missing(exact, new Error('its bytes are damaged'));
      let node: TreeNode;
      try {
        node = decodeNode(value);
      } catch (error) {
        throw missing(exact, error);
      }
      keep(exact, node);
      return node;
    },
    async has(exact) {
      return cache.has(exact) || (await catalog.get('tree', digestHex(exact))) !== undefined;
    },
    async save(nodes) {
      const writes = nodes.map(({ ref, node }) => {
        const value = encodeExact(node);
        const key = hash('sha256', value, 'hex');
        if (key !== digestHex(ref.exact)) throw new Error(`tree node has digest sha256:${key}, not ${ref.exact}`);
        return { type: 'put', space: 'tree', key, value } as const;
      });
      if (writes.length > 0) await catalog.write(writes);
      for (const { ref, node } of nodes) keep(ref.exact, node);
    },
  };
}

function missing(exact: Digest, cause?: unknown): VarveError {
  return new VarveError('TREE_MISSING', `the store has no tree node ${exact}`, {
    hint: 'It was collected or the catalog was lost; the step that made it has to run again.',
    ...(cause === undefined ? {} : { cause }),
  });
}
