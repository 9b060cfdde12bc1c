import { type BytePath, joinBytes } from '../io/byte-path.ts';
import type { Digest } from '../oci/digest.ts';
import type { ChangedEntry, ChangeRecord, OpaqueZone } from './change-records.ts';
import type { Entry, LayerItem } from './entry.ts';
import { sameInode } from './entry-equal.ts';
import { hardlinkId } from './hardlink-id.ts';
import { hashFiles } from './hash-files.ts';
import type { RootTree } from './tree.ts';

/** Files of 64 KiB and more that are read at once; libuv has four threads. */
const CONCURRENCY = 4;

/** Puts the digests in; each inode is read once. @param root where the records' paths are on disk */
export async function hashRecords(
  root: BytePath,
  records: ChangeRecord[],
  signal?: AbortSignal,
): Promise<ChangeRecord[]> {
  const byInode = new Map<string, number>();
  const files: { path: BytePath; size: number }[] = [];
  const indexes = records.map((record) => {
    if (record.kind !== 'entry' || record.entry.type !== 'file') return -1;
    const known = record.inode === undefined ? undefined : byInode.get(record.inode);
    if (known !== undefined) return known;
    const index = files.push({ path: joinBytes(root, record.path), size: record.entry.size }) - 1;
    if (record.inode !== undefined) byInode.set(record.inode, index);
    return index;
  });
  const digests: Digest[] = await hashFiles(files, { concurrency: CONCURRENCY, signal });
  return records.map((record, i) =>
    record.kind === 'entry' && indexes[i]! >= 0
      ? { ...record, entry: { ...record.entry, digest: digests[indexes[i]!]! } }
      : record,
  );
}

/**
 * The layer that the records make: what differs from the parent, whiteouts for what is gone. A directory that was
 * replaced becomes an opaque one when nothing of the old is left as it was.
 */
export function layerOfRecords(
  records: readonly ChangeRecord[],
  zones: readonly OpaqueZone[],
  parent: RootTree | undefined,
): LayerItem[] {
  return toItems(records, findChanges(records, `upper ${parent?.content ?? ''}`), zones);
}

/** The entries that differ from the parent's, with their hard links' ids. */
function findChanges(records: readonly ChangeRecord[], scope: string): Map<ChangeRecord, Entry> {
  const groups = new Map<string, ChangedEntry[]>();
  for (const record of records) {
    if (record.kind !== 'entry') continue;
    const key = record.inode ?? `path:${record.path}`;
    const group = groups.get(key);
    if (group) group.push(record);
    else groups.set(key, [record]);
  }
  const changes = new Map<ChangeRecord, Entry>();
  for (const group of groups.values()) {
    if (isUnchanged(group)) continue;
    // The records are in path order, so the first one names the group.
    const id = group.length > 1 ? { hardlink: hardlinkId(scope, group[0]!.path) } : {};
    for (const record of group) changes.set(record, { ...record.entry, ...id });
  }
  return changes;
}

function isUnchanged(group: readonly ChangedEntry[]): boolean {
  if (!group.every(({ entry, parent }) => parent && sameInode(entry, parent))) return false;
  // One name left of a group is no change: copying up breaks links, and nobody meant it.
  const id = group[0]!.parent!.hardlink;
  return group.length === 1 || (id !== undefined && group.every(({ parent }) => parent!.hardlink === id));
}

function toItems(
  records: readonly ChangeRecord[],
  changes: ReadonlyMap<ChangeRecord, Entry>,
  zones: readonly OpaqueZone[],
): LayerItem[] {
  const opaqueAt = new Map<number, OpaqueZone>();
  let covered = 0;
  for (const zone of zones) {
    if (zone.start < covered) continue;
    const inside = records.slice(zone.start, zone.end);
    if (!inside.some(({ kind }) => kind === 'gone')) continue;
    if (inside.some((record) => record.kind !== 'gone' && !changes.has(record))) continue;
    opaqueAt.set(zone.start, zone);
    covered = zone.end;
  }
  const items: LayerItem[] = [];
  let opaqueEnd = 0;
  for (let i = 0; i <= records.length; i++) {
    const zone = opaqueAt.get(i);
    if (zone) {
      items.push({ kind: 'opaque', path: zone.path });
      opaqueEnd = zone.end;
    }
    const record = records[i];
    if (!record) continue;
    const entry = changes.get(record);
    if (entry) items.push({ kind: 'entry', path: record.path, entry });
    else if (record.kind === 'gone' && i >= opaqueEnd) items.push({ kind: 'whiteout', path: record.path });
  }
  return items;
}
