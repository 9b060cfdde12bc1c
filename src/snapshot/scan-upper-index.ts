import { VarveError } from '../errors.ts';
import { type BytePath, parentOf, toText } from '../io/byte-path.ts';
import type { ChangedEntry, ChangeRecord } from './change-records.ts';
import { comparePaths } from './path-order.ts';
import type { RootTree, TreeStore } from './tree.ts';
import { walkTree } from './walk-tree.ts';

/**
 * With the mount option index=on, a write through one name of a lower hard link shows under its other names too, and
 * only the name that was used is in the upper directory. This adds the others. Costs a walk of the parent tree when
 * there is such a file, else nothing: the same array comes back.
 * @throws VarveError `OVERLAY_NLINK` when no name of the file is where the parent tree has it (it was renamed)
 */
export async function withIndexedLinks(
  store: TreeStore,
  parent: RootTree | undefined,
  records: ChangeRecord[],
): Promise<ChangeRecord[]> {
  const byInode = new Map<string, ChangedEntry[]>();
  for (const record of records) {
    if (record.kind !== 'entry' || record.inode === undefined) continue;
    const group = byInode.get(record.inode);
    if (group) group.push(record);
    else byInode.set(record.inode, [record]);
  }
  const byLowerId = new Map<string, ChangedEntry>();
  for (const group of byInode.values()) {
    if (!group.some(({ indexed }) => indexed)) continue;
    const ids = group.flatMap((member) => member.parent?.hardlink ?? []);
    if (ids.length === 0)
      throw new VarveError(
        'OVERLAY_NLINK',
        `'${toText(group[0]!.path)}' is a hard link that overlayfs keeps an index of`,
        {
          hint: 'Mount the overlay with index=off.',
        },
      );
    for (const id of ids) byLowerId.set(id, group[0]!);
  }
  if (byLowerId.size === 0 || !parent) return records;

  const hides = new Map<BytePath, boolean>(); // a record's path: is what the parent has below it hidden?
  for (const record of records) hides.set(record.path, record.kind !== 'entry' || record.entry.type !== 'dir');
  const added: ChangeRecord[] = [];
  for await (const { path, entry } of walkTree(store, parent)) {
    const member = entry.hardlink === undefined ? undefined : byLowerId.get(entry.hardlink);
    if (!member || hides.has(path) || isHidden(path, hides)) continue;
    added.push({ ...member, path, parent: entry });
  }
  return added.length === 0 ? records : [...records, ...added].sort((a, b) => comparePaths(a.path, b.path));
}

function isHidden(path: BytePath, hides: ReadonlyMap<BytePath, boolean>): boolean {
  for (let at = parentOf(path); at !== ''; at = parentOf(at)) if (hides.get(at)) return true;
  return false;
}
