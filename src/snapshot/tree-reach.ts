import { hash } from 'node:crypto';
import type { Catalog } from '../cas/catalog.ts';
import { type Digest, digestHex } from '../oci/digest.ts';
import type { TreeNode } from './tree.ts';
import { decodeNode } from './tree-codec.ts';

/** Which tree nodes the trees that were asked for reach. */
export interface TreeReach {
  /** Whether the node and all below it are in the catalog, undamaged. Visits each node once, however often it is asked for. */
  isWhole(exact: Digest): Promise<boolean>;
  /** Whether a node was reached, by the hex digits of its exact digest. */
  has(hex: string): boolean;
}

/** Memory: about 80 bytes for each directory that is reached; nodes are not kept. */
export function createTreeReach(catalog: Catalog): TreeReach {
  const whole = new Map<string, boolean>(); // by raw bytes: half as long as hex digits

  const visit = async (hex: string, known?: Buffer): Promise<boolean> => {
    const key = rawOf(hex);
    const before = whole.get(key);
    if (before !== undefined) return before;
    whole.set(key, false); // no tree holds itself; whoever forges one gets what it is
    const node = readNode(hex, known ?? (await catalog.get('tree', hex)));
    if (!node) return false;
    const below = node.children.flatMap(({ tree }) => (tree ? [digestHex(tree.exact)] : []));
    const missing = below.filter((child) => !whole.has(rawOf(child)));
    const values = await catalog.getMany('tree', missing);
    for (const [i, child] of missing.entries()) await visit(child, values[i]);
    const result = below.every((child) => whole.get(rawOf(child)));
    whole.set(key, result);
    return result;
  };

  return { isWhole: (exact) => visit(digestHex(exact)), has: (hex) => whole.has(rawOf(hex)) };
}

/** The node of a row of the space `tree`; undefined when it is absent or not what its key says. */
export function readNode(hex: string, value: Buffer | undefined): TreeNode | undefined {
  if (!value || hash('sha256', value, 'hex') !== hex) return undefined;
  try {
    return decodeNode(value);
  } catch {
    return undefined;
  }
}

function rawOf(hex: string): string {
  return Buffer.from(hex, 'hex').toString('latin1');
}
