import { type BytePath, joinBytes } from '../io/byte-path.ts';
import type { Libc } from '../io/libc.ts';
import type { ChangeRecord, ChangeWalk, OpaqueZone } from './change-records.ts';
import { imageXattrs, statFile } from './file-stat.ts';
import { compareListings, createListingIndex, type ListedDirectory, namesOf, statsAt } from './listing-index.ts';
import type { PlainListing } from './plain-listing.ts';
import { EMPTY_ROOT } from './root-entry.ts';
import type { RootTree, TreeChild, TreeNode, TreeStore } from './tree.ts';
import { findChild, lookupTree } from './tree-lookup.ts';

export interface PlainWalkOptions {
  readonly root: BytePath;
  readonly before: PlainListing;
  readonly after: PlainListing;
  readonly parent: RootTree | undefined;
  readonly store: TreeStore;
  readonly libc: Libc;
  readonly ignore: (path: BytePath) => boolean;
}

/**
 * Finds what may have changed between two listings of a plain rootfs. Of the parent tree, only the nodes of directories
 * in which something differs are read; a directory that is as it was costs a comparison of its numbers.
 */
export async function walkPlainChanges(options: PlainWalkOptions): Promise<ChangeWalk> {
  const { root, parent, store, libc, ignore } = options;
  const [before, after] = [createListingIndex(options.before), createListingIndex(options.after)];
  const comparison = compareListings(options.before, options.after);
  const records: ChangeRecord[] = [];
  const zones: OpaqueZone[] = [];

  const record = (path: BytePath, below: TreeChild | undefined): boolean => {
    const full = path === '' ? root : joinBytes(root, path);
    const found = statFile(full);
    if (!found?.entry) return false;
    const { type } = found.entry;
    const xattrs = type === 'file' || type === 'dir' ? imageXattrs(libc, full) : undefined;
    records.push({
      kind: 'entry',
      path,
      entry: xattrs ? { ...found.entry, xattrs } : found.entry,
      parent: path === '' ? (below?.entry ?? EMPTY_ROOT) : below?.entry,
      inode: type !== 'dir' && found.links > 1n ? `${found.stat.dev}:${found.stat.ino}` : undefined,
      indexed: false,
    });
    return true;
  };

  /** @param inZone a directory above was replaced, so that what is as it was has to be said */
  const walkDirectory = async (path: BytePath, inZone: boolean): Promise<void> => {
    const now = after.directory(path);
    if (!now) return;
    const old = before.directory(path);
    if (old && comparison.isAsBefore(old, now)) {
      if (inZone && now.names !== '') records.push({ kind: 'ignored', path });
      for (const name of after.subdirectories(path)) await walkDirectory(joinBytes(path, name), inZone);
      return;
    }
    const node = await nodeOf(path);
    for (const { name, newAt, oldAt } of mergeNames(old, now)) {
      const child = joinBytes(path, name);
      const below = node && findChild(node, name);
      if (ignore(child)) {
        if (below) records.push({ kind: 'ignored', path: child });
        continue;
      }
      if (newAt === undefined) {
        if (below) records.push({ kind: 'gone', path: child });
        continue;
      }
      // What the parent does not have (a mount point) was made just before the first look: it is always young.
      const proven = below ? comparison.isSame : comparison.hasSameStat;
      const isSame = oldAt !== undefined && proven(oldAt, newAt);
      if (isSame && inZone) records.push({ kind: 'ignored', path: child });
      if (!isSame && !record(child, below)) {
        if (below) records.push({ kind: 'gone', path: child });
        continue;
      }
      if (!comparison.isDirectory(newAt)) continue;
      const isReplaced = below?.tree !== undefined && !(oldAt !== undefined && comparison.isSameInode(oldAt, newAt));
      const zone = { path: child, start: records.length, end: records.length };
      if (isReplaced) zones.push(zone);
      await walkDirectory(child, inZone || isReplaced);
      zone.end = records.length;
    }
  };

  const nodeOf = async (path: BytePath): Promise<TreeNode | undefined> => {
    const tree = parent && (await lookupTree(store, parent, path))?.tree;
    return tree && store.node(tree.exact);
  };

  if (!record('', parent && (await lookupTree(store, parent, '')))) throw new Error('the rootfs is no directory');
  await walkDirectory('', false);
  return { records, zones };
}

interface MergedName {
  readonly name: BytePath;
  /** Where its numbers are in each listing. */
  readonly newAt: number | undefined;
  readonly oldAt: number | undefined;
}

function* mergeNames(old: ListedDirectory | undefined, now: ListedDirectory): Generator<MergedName> {
  const [a, b] = [namesOf(old), namesOf(now)];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    const [x, y] = [a[i], b[j]];
    const oldAt = old && x !== undefined ? statsAt(old, i) : undefined;
    const newAt = statsAt(now, j);
    if (y === undefined || (x !== undefined && x < y)) {
      yield { name: x!, newAt: undefined, oldAt };
      i++;
    } else if (x === y) {
      yield { name: y, newAt, oldAt };
      i++;
      j++;
    } else {
      yield { name: y, newAt, oldAt: undefined };
      j++;
    }
  }
}
