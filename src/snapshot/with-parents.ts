import { type BytePath, parentOf } from '../io/byte-path.ts';
import type { LayerItem } from './entry.ts';
import type { FileSource } from './file-source.ts';
import { comparePaths } from './path-order.ts';

/**
 * Adds the directories above each item, so that a layer unpacked on its own has them with the right owner and mode.
 * The root itself is not added.
 * @param source the new tree, from which the directories' entries are taken
 * @returns in the order of {@link comparePaths}: every directory before what is in it
 */
export async function withParents(
  source: Pick<FileSource, 'lookup'>,
  items: readonly LayerItem[],
): Promise<LayerItem[]> {
  const given = new Set<BytePath>();
  for (const { kind, path } of items) if (kind === 'entry') given.add(path);
  const all = [...items];
  for (const item of items) {
    // The marker of an opaque directory lies in it.
    const start = item.kind === 'opaque' ? item.path : parentOf(item.path);
    for (let path = start; path !== '' && !given.has(path); path = parentOf(path)) {
      given.add(path);
      const entry = await source.lookup(path);
      if (entry?.type === 'dir') all.push({ kind: 'entry', path, entry });
    }
  }
  const rank = { whiteout: 0, entry: 1, opaque: 2 };
  return all.sort((a, b) => comparePaths(a.path, b.path) || rank[a.kind] - rank[b.kind]);
}
