import { type BytePath, fromText } from '../io/byte-path.ts';
import type { Libc } from '../io/libc.ts';
import { createBreather } from './breather.ts';
import type { LayerItem } from './entry.ts';
import { hashRecords, layerOfRecords } from './layer-of-records.ts';
import { withIndexedLinks } from './scan-upper-index.ts';
import { walkUpper } from './scan-upper-walk.ts';
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
  const hashed = await hashRecords(upper, records, signal);
  const linked = await withIndexedLinks(store, parent, hashed);
  return layerOfRecords(linked, linked === hashed ? zones : [], parent);
}
