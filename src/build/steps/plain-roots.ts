import { join } from 'node:path';
import type { Store } from '../../cas/store.ts';
import type { BytePath } from '../../io/byte-path.ts';
import type { Libc } from '../../io/libc.ts';
import type { Digest } from '../../oci/digest.ts';
import type { FileSource } from '../../snapshot/file-source.ts';
import type { RootTree } from '../../snapshot/tree.ts';
import { materialize } from './materialize.ts';

/** A plain rootfs that one step has for itself. */
export interface PlainRoot {
  readonly directory: string;
  /** Paths below it that are no part of the snapshot whatever happens to them, with all below. */
  readonly untouched?: readonly BytePath[];
  /** It is as this tree says by now: the next step on that tree gets it. */
  keep(tree: RootTree): Promise<void>;
  /** It is in no state that anybody can say. */
  drop(): Promise<void>;
}

/** Plain directories filled from snapshots, where there is no overlay. */
export interface PlainRoots {
  /** The directory that a step before left in this state, else a new one. */
  take(tree: RootTree, source: FileSource): Promise<PlainRoot>;
}

/** Each is as large as its image; two serve stages that are built side by side. */
const KEPT = 2;

type Temp = Awaited<ReturnType<Store['makeTemp']>>;

/**
 * A rootfs is filled by reflink where the filesystem can, else by copy; never by links to files of the store, which a
 * RUN could write through. Whatever is kept goes with the store's temporary directories.
 */
export function createPlainRoots({ store, libc }: { readonly store: Store; readonly libc: Libc }): PlainRoots {
  const kept = new Map<Digest, Temp>();

  const fill = async (source: FileSource): Promise<Temp> => {
    const temp = await store.makeTemp('rootfs');
    try {
      await materialize(source, '/', rootIn(temp), { libc, owners: 'keep', leavesDevices: true });
      return temp;
    } catch (error) {
      await temp.remove();
      throw error;
    }
  };

  return {
    async take(tree, source) {
      const known = kept.get(tree.exact);
      kept.delete(tree.exact);
      const temp = known ?? (await fill(source));
      return {
        directory: rootIn(temp),
        drop: () => temp.remove(),
        async keep(now) {
          const removed = kept.has(now.exact) ? [temp] : [];
          if (removed.length === 0) kept.set(now.exact, temp);
          for (const [digest, oldest] of kept) {
            if (kept.size <= KEPT) break;
            kept.delete(digest);
            removed.push(oldest);
          }
          for (const one of removed) await one.remove();
        },
      };
    },
  };
}

function rootIn(temp: Temp): string {
  return join(temp.path, 'fs');
}
