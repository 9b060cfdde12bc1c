import { type BytePath, compareBytes } from '../io/byte-path.ts';
import { pathParts } from './path-parts.ts';
import type { RootTree, TreeChild, TreeNode, TreeStore } from './tree.ts';

/** The child of that name, by binary search. */
export function findChild(node: TreeNode, name: BytePath): TreeChild | undefined {
  let low = 0;
  let high = node.children.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const child = node.children[middle]!;
    const order = compareBytes(child.name, name);
    if (order === 0) return child;
    if (order < 0) low = middle + 1;
    else high = middle - 1;
  }
  return undefined;
}

/** What a tree has at a path; the root's own child for ``. No symlink is followed. */
export async function lookupTree(store: TreeStore, root: RootTree, path: BytePath): Promise<TreeChild | undefined> {
  let at = findChild(await store.node(root.exact), '');
  for (const part of pathParts(path)) {
    if (!at?.tree) return undefined;
    at = findChild(await store.node(at.tree.exact), part);
  }
  return at;
}
