import { removeMountPoints } from '../../instructions/mount-points.ts';
import { overlayRootfs, plainRootfs, type RunRootfs } from '../../instructions/run-rootfs.ts';
import { type BytePath, fromText } from '../../io/byte-path.ts';
import type { Digest } from '../../oci/digest.ts';
import type { FileSource } from '../../snapshot/file-source.ts';
import type { RootTree } from '../../snapshot/tree.ts';
import type { Services } from '../services.ts';

/** A step's rootfs, and what becomes of it. */
export interface StepRootfs {
  readonly rootfs: RunRootfs;
  /** The command succeeded and its layer is in the store: what is on disk serves later steps. */
  keep(result: {
    readonly diffId: Digest;
    readonly tree: RootTree;
    readonly source: FileSource;
    /** In the rootfs, not in the snapshot. */
    readonly mountPoints: readonly BytePath[];
  }): Promise<void>;
  /** It failed. */
  drop(): Promise<void>;
}

/**
 * Makes the snapshot real for a RUN, as the sandbox that was chosen wants it.
 * @param request.lower the unpacked layers, when it wants an overlay
 * @param request.directory the step's own
 */
export async function makeStepRootfs(
  request: {
    readonly parent: { readonly tree: RootTree; readonly source: FileSource };
    readonly lower: readonly string[] | undefined;
    readonly directory: string;
  },
  services: Services,
): Promise<StepRootfs> {
  const { parent, lower, directory } = request;
  const { libc, trees: store, xattrs, signal, files, plainRoots, walkers } = services;
  const shared = { parent: parent.tree, store, libc, signal };
  if (lower) {
    const rootfs = overlayRootfs({ ...shared, directory, lower, xattrs });
    return {
      rootfs,
      keep: async ({ diffId }) => files.adopt(diffId, rootfs.changes),
      drop: async () => {}, // it goes with the step's directory
    };
  }
  const plain = await plainRoots.take(parent.tree, parent.source);
  return {
    rootfs: plainRootfs({ ...shared, ...walkers, directory: plain.directory, untouched: plain.untouched ?? [] }),
    async keep({ tree, source, mountPoints }) {
      await removeMountPoints(source, mountPoints, fromText(plain.directory), libc);
      await plain.keep(tree);
    },
    drop: () => plain.drop(),
  };
}
