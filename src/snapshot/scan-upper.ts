import { type BytePath, fromText, joinBytes } from '../io/byte-path.ts';
import type { Libc } from '../io/libc.ts';
import type { Digest } from '../oci/digest.ts';
import { createBreather } from './breather.ts';
import type { Entry, LayerItem } from './entry.ts';
import { sameInode } from './entry-equal.ts';
import { hardlinkId } from './hardlink-id.ts';
import { hashFiles } from './hash-files.ts';
import { withIndexedLinks } from './scan-upper-index.ts';
import { type OpaqueZone, type UpperEntry, type UpperRecord, walkUpper } from './scan-upper-walk.ts';
import type { RootTree, TreeStore } from './tree.ts';
import { lookupTree } from './tree-lookup.ts';

export interface ScanUpperRequest {
  /** The upper directory, absolute, as text. Nothing may write to it meanwhile. */
  readonly upper: string;
  /** What the overlay's lower directories add up to; undefined is an empty root, 0755 0:0, mtime 0. */
  readonly parent: RootTree | undefined;
  readonly store: TreeStore;
  readonly libc: Libc;
  /** Namespace of overlayfs's own xattrs: `user` when mounted with userxattr. */
  readonly xattrs: 'trusted' | 'user';
  /** Paths that are left as the parent has them, with all below. */
  readonly ignore?: (path: BytePath) => boolean;
  readonly signal?: AbortSignal;
}

/** Files of 64 KiB and more that are read at once; libuv has four threads. */
const CONCURRENCY = 4;

/**
 * The layer that a RUN on an overlay made: what is in the upper directory and differs from the parent tree, whiteouts
 * for what is gone, in the order of {@link comparePaths}. A directory that was replaced is compared with the one it
 * replaced; it becomes an opaque one when nothing of the old is left as it was. Sockets are left out.
 * @throws VarveError `OVERLAY_REDIRECT`, `OVERLAY_METACOPY`, `OVERLAY_OPAQUE`, `OVERLAY_NLINK`, `FILE_CHANGED`
 */
export async function scanUpper(request: ScanUpperRequest): Promise<LayerItem[]> {
  const { parent, store, libc, xattrs, signal } = request;
  const upper = fromText(request.upper);
  const { records, zones } = await walkUpper({
    upper,
    top: parent && (await lookupTree(store, parent, '')),
    store,
    libc,
    xattrs,
    ignore: request.ignore ?? (() => false),
    breathe: createBreather(signal),
  });
  const hashed = await hashEntries(upper, records, signal);
  const linked = await withIndexedLinks(store, parent, hashed);
  const changes = findChanges(linked, `upper ${parent?.content ?? ''}`);
  return toItems(linked, changes, linked === hashed ? zones : []);
}

/** Puts the digests in; each inode is read once. */
async function hashEntries(upper: BytePath, records: UpperRecord[], signal?: AbortSignal): Promise<UpperRecord[]> {
  const byInode = new Map<string, number>();
  const files: { path: BytePath; size: number }[] = [];
  const indexes = records.map((record) => {
    if (record.kind !== 'entry' || record.entry.type !== 'file') return -1;
    const known = record.inode === undefined ? undefined : byInode.get(record.inode);
    if (known !== undefined) return known;
    const index = files.push({ path: joinBytes(upper, record.path), size: record.entry.size }) - 1;
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

/** The entries that differ from the parent's, with their hard links' ids. */
function findChanges(records: readonly UpperRecord[], scope: string): Map<UpperRecord, Entry> {
  const groups = new Map<string, UpperEntry[]>();
  for (const record of records) {
    if (record.kind !== 'entry') continue;
    const key = record.inode ?? `path:${record.path}`;
    const group = groups.get(key);
    if (group) group.push(record);
    else groups.set(key, [record]);
  }
  const changes = new Map<UpperRecord, Entry>();
  for (const group of groups.values()) {
    if (isUnchanged(group)) continue;
    // The records are in path order, so the first one names the group.
    const id = group.length > 1 ? { hardlink: hardlinkId(scope, group[0]!.path) } : {};
    for (const record of group) changes.set(record, { ...record.entry, ...id });
  }
  return changes;
}

function isUnchanged(group: readonly UpperEntry[]): boolean {
  if (!group.every(({ entry, parent }) => parent && sameInode(entry, parent))) return false;
  // One name left of a group is no change: copying up breaks links, and nobody meant it.
  const id = group[0]!.parent!.hardlink;
  return group.length === 1 || (id !== undefined && group.every(({ parent }) => parent!.hardlink === id));
}

function toItems(
  records: readonly UpperRecord[],
  changes: ReadonlyMap<UpperRecord, Entry>,
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
