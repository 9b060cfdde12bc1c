import { type BytePath, joinBytes } from '../io/byte-path.ts';
import type { Entry } from './entry.ts';
import type { RootTree, TreeChild, TreeStore } from './tree.ts';
import { lookupTree } from './tree-lookup.ts';

export interface WalkedEntry {
  readonly path: BytePath;
  readonly entry: Entry;
}

/**
 * Everything at and below a path, in the order of {@link comparePaths}: parents first. One node of each level is in
 * memory.
 * @param under where to start; `` is the root, whose own entry comes first with the path ``
 */
export async function* walkTree(store: TreeStore, root: RootTree, under: BytePath = ''): AsyncGenerator<WalkedEntry> {
  const top = await lookupTree(store, root, under);
  if (!top) return;
  yield { path: under, entry: top.entry };
  const levels: { path: BytePath; children: readonly TreeChild[]; next: number }[] = [];
  const enter = async (path: BytePath, { tree }: TreeChild): Promise<void> => {
    if (tree) levels.push({ path, children: (await store.node(tree.exact)).children, next: 0 });
  };
  await enter(under, top);
  for (let level = levels.at(-1); level; level = levels.at(-1)) {
    const child = level.children[level.next++];
    if (!child) {
      levels.pop();
      continue;
    }
    const path = joinBytes(level.path, child.name);
    yield { path, entry: child.entry };
    if (child.tree) await enter(path, child);
  }
}
