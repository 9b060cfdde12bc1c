import { type BytePath, fromText } from '../io/byte-path.ts';
import type { Libc } from '../io/libc.ts';
import type { LayerItem } from './entry.ts';
import { hashRecords, layerOfRecords } from './layer-of-records.ts';
import type { PlainListing } from './plain-listing.ts';
import { walkPlainChanges } from './scan-plain-walk.ts';
import type { RootTree, TreeStore } from './tree.ts';
import { type PlainPool, walkPlain } from './walk-plain.ts';

export interface ScanPlainRequest {
  /** The rootfs, absolute, as text. Nothing may write to it meanwhile. */
  readonly root: string;
  /** What walkPlain() gave when the rootfs was as `parent` says. */
  readonly before: PlainListing;
  /** What the rootfs was made from. What lies in it and not there is taken for no change while it stays as it was. */
  readonly parent: RootTree | undefined;
  readonly store: TreeStore;
  readonly libc: Libc;
  readonly pool: PlainPool;
  /** How many threads the pool has. */
  readonly workers: number;
  /** Paths that are left as the parent has them, with all below. */
  readonly ignore?: (path: BytePath) => boolean;
  /** What `before` was made without. */
  readonly skip?: ReadonlySet<BytePath> | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface PlainScan {
  readonly items: LayerItem[];
  /** What the next scan of this rootfs compares with. */
  readonly listing: PlainListing;
}

/**
 * The layer that a RUN on a plain rootfs made, as scanUpper() gives it for an overlay. Costs a stat for each path, in
 * worker threads; only what has another stat than before is read (ctime cannot be set back).
 * @throws VarveError `FILE_CHANGED`
 */
export async function scanPlain(request: ScanPlainRequest): Promise<PlainScan> {
  const { before, parent, store, libc, signal } = request;
  const root = fromText(request.root);
  const after = await walkPlain(request);
  const ignore = request.ignore ?? (() => false);
  const { records, zones } = await walkPlainChanges({ root, before, after, parent, store, libc, ignore });
  const hashed = await hashRecords(root, records, signal);
  return { items: layerOfRecords(hashed, zones, parent), listing: after };
}
