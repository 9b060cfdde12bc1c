import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { BytePath } from '../io/byte-path.ts';
import type { Libc } from '../io/libc.ts';
import type { RunSpec } from '../sandbox/sandbox.ts';
import type { LayerItem } from '../snapshot/entry.ts';
import type { PlainListing } from '../snapshot/plain-listing.ts';
import { scanPlain } from '../snapshot/scan-plain.ts';
import { scanUpper } from '../snapshot/scan-upper.ts';
import type { RootTree, TreeStore } from '../snapshot/tree.ts';
import { type PlainPool, walkPlain } from '../snapshot/walk-plain.ts';

/** The snapshot made real for one RUN, and how its changes are found. */
export interface RunRootfs {
  readonly spec: RunSpec['rootfs'];
  /** Where mount points are made, before {@link begin}. */
  readonly points: string;
  /** Where what belongs in the layer without the command's doing is made, after it. */
  readonly changes: string;
  /**
   * Says that what is there now is the state to compare with.
   * @param mounted absolute paths that are not the command's to change, with all below
   */
  begin(mounted: readonly BytePath[]): Promise<void>;
  scan(): Promise<LayerItem[]>;
}

interface Common {
  /** The snapshot that the command starts from. */
  readonly parent: RootTree;
  readonly store: TreeStore;
  readonly libc: Libc;
  readonly signal?: AbortSignal | undefined;
}

/**
 * An overlay on unpacked layers: mount points are a layer of their own below the upper directory.
 * @param request.directory gets the directories that it needs
 * @param request.xattrs which namespace overlayfs keeps its xattrs in
 */
export function overlayRootfs(
  request: Common & {
    readonly directory: string;
    readonly lower: readonly string[];
    readonly xattrs: 'trusted' | 'user';
  },
): RunRootfs {
  const { directory, libc, store, parent, xattrs, signal } = request;
  const make = (name: string): string => {
    const path = join(directory, name);
    mkdirSync(path);
    chmodSync(path, 0o755);
    return path;
  };
  const [points, upper, work] = [make('stub'), make('upper'), make('work')];
  return {
    spec: { lower: [points, ...request.lower], upper, work },
    points,
    changes: upper,
    begin: async () => {},
    scan: () => scanUpper({ upper, parent, store, libc, xattrs, ...(signal ? { signal } : {}) }),
  };
}

/** A directory with all of the snapshot: a stat for each path before and after says what changed. */
export function plainRootfs(
  request: Common & {
    readonly directory: string;
    readonly pool: PlainPool;
    readonly workers: number;
    /** Paths below it that are left as the parent has them, with all below. */
    readonly untouched: readonly BytePath[];
  },
): RunRootfs {
  const { directory: root, libc, store, parent, pool, workers, signal } = request;
  let before: PlainListing | undefined;
  let walk = { root, libc, pool, workers, signal, skip: new Set<BytePath>() };
  return {
    spec: { directory: root },
    points: root,
    changes: root,
    async begin(mounted) {
      walk = { ...walk, skip: new Set([...request.untouched, ...mounted.map((path) => path.slice(1))]) };
      before = await walkPlain(walk);
    },
    async scan() {
      if (!before) throw new Error('scan before begin');
      return (await scanPlain({ ...walk, before, parent, store })).items;
    },
  };
}
