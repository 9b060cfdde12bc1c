import { type BytePath, joinBytes } from '../io/byte-path.ts';
import type { Entry, LayerItem } from './entry.ts';
import { sameEntry, sameInode } from './entry-equal.ts';
import { comparePaths } from './path-order.ts';
import { EMPTY_ROOT } from './root-entry.ts';
import type { RootTree, TreeChild, TreeRef, TreeStore } from './tree.ts';
import { lookupTree } from './tree-lookup.ts';
import { walkTree } from './walk-tree.ts';

/**
 * The layer that turns `from` into `to`: what was added or changed, and a whiteout for what is gone, in the order of
 * {@link comparePaths}. Nodes with equal digests are not looked into. A link to a file of the layers below cannot be
 * said by a layer, so all names of a changed group of hard links are given, as containerd does.
 * @param from undefined is the tree before the first layer: an empty root, 0755 0:0, mtime 0
 */
export async function diffTrees(store: TreeStore, from: RootTree | undefined, to: RootTree): Promise<LayerItem[]> {
  if (from?.exact === to.exact) return [];
  const items: LayerItem[] = [];
  const before = from && (await lookupTree(store, from, ''));
  const after = (await lookupTree(store, to, ''))!;
  if (!sameEntry(before?.entry ?? EMPTY_ROOT, after.entry)) items.push({ kind: 'entry', path: '', entry: after.entry });
  await diffDirs(store, '', before?.tree, after.tree!, items);
  return from ? withLinkSiblings(store, to, items) : items;
}

async function diffDirs(
  store: TreeStore,
  path: BytePath,
  from: TreeRef | undefined,
  to: TreeRef,
  items: LayerItem[],
): Promise<void> {
  if (from?.exact === to.exact) return;
  const [old, now] = await Promise.all([from ? store.node(from.exact) : { children: [] }, store.node(to.exact)]);
  let i = 0;
  let j = 0;
  while (i < old.children.length || j < now.children.length) {
    const a: TreeChild | undefined = old.children[i];
    const b: TreeChild | undefined = now.children[j];
    if (a && (!b || a.name < b.name)) {
      items.push({ kind: 'whiteout', path: joinBytes(path, a.name) });
      i++;
      continue;
    }
    const twin = a?.name === b!.name ? a : undefined;
    if (twin) i++;
    j++;
    const childPath = joinBytes(path, b!.name);
    if (!twin || !sameEntry(twin.entry, b!.entry)) items.push({ kind: 'entry', path: childPath, entry: b!.entry });
    if (b!.tree) await diffDirs(store, childPath, twin?.tree, b!.tree, items);
  }
}

/** Adds the unchanged names of every group of hard links of which a name is in the items. Sorted again. */
async function withLinkSiblings(store: TreeStore, to: RootTree, items: LayerItem[]): Promise<LayerItem[]> {
  const groups = new Map<string, Entry>();
  const given = new Set<BytePath>();
  for (const item of items) {
    if (item.kind !== 'entry' || item.entry.hardlink === undefined) continue;
    groups.set(item.entry.hardlink, item.entry);
    given.add(item.path);
  }
  if (groups.size === 0) return items;
  const siblings: LayerItem[] = [];
  for await (const { path, entry } of walkTree(store, to)) {
    const member = entry.hardlink === undefined ? undefined : groups.get(entry.hardlink);
    if (member && sameInode(member, entry) && !given.has(path)) siblings.push({ kind: 'entry', path, entry });
  }
  return siblings.length === 0 ? items : [...items, ...siblings].sort((a, b) => comparePaths(a.path, b.path));
}
