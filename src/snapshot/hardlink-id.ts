import { createHash } from 'node:crypto';
import type { BytePath } from '../io/byte-path.ts';
import type { Entry } from './entry.ts';

/**
 * The value of {@link Entry.hardlink} in a tree. Ids live as long as their files do, through all layers above, so
 * `scope` must tell apart the layers of one chain: a diffID, or the content digest of the tree below. It must not be
 * anything of this machine, because ids enter the tree's digests.
 * @param name names the group within its scope: its first path, or the id that a layer's reader gave it
 */
export function hardlinkId(scope: string, name: string): string {
  return createHash('sha256').update(`${scope.length}:${scope}${name}`, 'utf8').digest('base64url').slice(0, 22);
}

/**
 * Replaces ids that hold in one source only (inode numbers) by ids that may enter a tree. An id that only one of the
 * paths has is dropped: its file has one name here.
 */
export function canonicalLinks<T extends { readonly path: BytePath; readonly entry: Entry }>(
  items: readonly T[],
  scope: string,
): T[] {
  const first = new Map<string, BytePath>();
  const several = new Set<string>();
  for (const { path, entry } of items) {
    if (entry.hardlink === undefined) continue;
    const known = first.get(entry.hardlink);
    if (known !== undefined) several.add(entry.hardlink);
    if (known === undefined || path < known) first.set(entry.hardlink, path);
  }
  return items.map((item) => {
    const { hardlink, ...plain } = item.entry;
    if (hardlink === undefined) return item;
    if (!several.has(hardlink)) return { ...item, entry: plain };
    return { ...item, entry: { ...plain, hardlink: hardlinkId(scope, first.get(hardlink)!) } };
  });
}
