import { readdirSync } from 'node:fs';
import { VarveError } from '../errors.ts';
import { type BytePath, compareBytes, joinBytes, toFsPath, toText } from '../io/byte-path.ts';
import type { Libc } from '../io/libc.ts';
import type { Breather } from './breather.ts';
import type { ChangeRecord, ChangeWalk, OpaqueZone } from './change-records.ts';
import type { Entry } from './entry.ts';
import { imageXattrs, statFile } from './file-stat.ts';
import { EMPTY_ROOT } from './root-entry.ts';
import type { TreeChild, TreeNode, TreeStore } from './tree.ts';
import { findChild } from './tree-lookup.ts';

export interface UpperWalkOptions {
  readonly upper: BytePath;
  readonly top: TreeChild | undefined;
  readonly store: TreeStore;
  readonly libc: Libc;
  readonly xattrs: 'trusted' | 'user';
  readonly ignore: (path: BytePath) => boolean;
  readonly breathe: Breather;
}

/**
 * Lists an overlay's upper directory beside the parent tree. Costs an lstat for each path in it; of the parent, only
 * the nodes of directories that are in it are read.
 * @see https://www.kernel.org/doc/html/latest/filesystems/overlayfs.html
 */
export async function walkUpper(options: UpperWalkOptions): Promise<ChangeWalk> {
  const { upper, top, store, ignore, breathe } = options;
  const records: ChangeRecord[] = [];
  const zones: OpaqueZone[] = [];

  const walkDir = async (path: BytePath, node: TreeNode | undefined, hidden: boolean): Promise<void> => {
    const names = readdirSync(toFsPath(joinBytes(upper, path)), { encoding: 'latin1' }).sort(compareBytes);
    const missing = hidden && node ? node.children.map((child) => child.name) : [];
    for (const name of mergeNames(names, missing)) {
      await breathe();
      const below = node && findChild(node, name);
      const childPath = joinBytes(path, name);
      if (ignore(childPath)) {
        if (below) records.push({ kind: 'ignored', path: childPath });
      } else if (!(await visit(childPath, below, hidden)) && below) records.push({ kind: 'gone', path: childPath });
    }
  };

  /** False when nothing is there in the merged view. */
  const visit = async (path: BytePath, below: TreeChild | undefined, hidden: boolean): Promise<boolean> => {
    const full = joinBytes(upper, path);
    const found = statFile(full);
    if (!found?.entry || isWhiteout(found.entry)) return false;
    const marks = readMarks(options, full, path, found.entry);
    const { xattrs } = marks;
    records.push({
      kind: 'entry',
      path,
      entry: xattrs ? { ...found.entry, xattrs } : found.entry,
      parent: path === '' ? (below?.entry ?? EMPTY_ROOT) : below?.entry,
      inode: found.entry.type !== 'dir' && found.links > 1n ? `${found.stat.dev}:${found.stat.ino}` : undefined,
      indexed: marks.indexed,
    });
    if (found.entry.type !== 'dir') return true;
    const opaque = below?.tree !== undefined && (hidden || marks.opaque);
    const zone = { path, start: records.length, end: records.length };
    if (opaque) zones.push(zone);
    await walkDir(path, below?.tree && (await store.node(below.tree.exact)), opaque);
    zone.end = records.length;
    return true;
  };

  if (!(await visit('', top, false))) throw new Error(`${toText(upper)} is no directory`);
  return { records, zones };
}

function isWhiteout(entry: Entry): boolean {
  return entry.type === 'char' && entry.device?.[0] === 0 && entry.device[1] === 0;
}

function readMarks(
  { libc, xattrs: namespace }: UpperWalkOptions,
  full: BytePath,
  path: BytePath,
  { type }: Entry,
): { opaque: boolean; indexed: boolean; xattrs: ReturnType<typeof imageXattrs> } {
  if (type !== 'file' && type !== 'dir') return { opaque: false, indexed: false, xattrs: undefined };
  const names = libc.listXattrs(full);
  if (names.length === 0) return { opaque: false, indexed: false, xattrs: undefined };
  const own = `${namespace}.overlay.`;
  for (const [mark, option] of UNSUPPORTED)
    if (names.includes(own + mark))
      throw new VarveError(`OVERLAY_${mark.toUpperCase()}`, `'${toText(path)}' has ${own}${mark} in the overlay`, {
        hint: `Mount the overlay with ${option}=off.`,
      });
  const opaque = names.includes(`${own}opaque`) ? libc.getXattr(full, `${own}opaque`)?.toString('latin1') : undefined;
  if (opaque !== undefined && opaque !== 'y')
    throw new VarveError('OVERLAY_OPAQUE', `'${toText(path)}' has ${own}opaque='${opaque}': only 'y' is understood`);
  return {
    opaque: opaque === 'y',
    indexed: names.includes(`${own}nlink`),
    xattrs: imageXattrs(libc, full, names),
  };
}

/** Marks of features that put a path's data elsewhere than in the upper directory, and their mount options. */
const UNSUPPORTED = [
  ['redirect', 'redirect_dir'],
  ['metacopy', 'metacopy'],
] as const;

function mergeNames(names: BytePath[], more: readonly BytePath[]): BytePath[] {
  return more.length === 0 ? names : [...new Set([...names, ...more])].sort(compareBytes);
}
