import { fromText } from '../io/byte-path.ts';
import type { Entry } from '../snapshot/entry.ts';
import { resolvePath } from '../snapshot/resolve-path.ts';
import { cleanPath } from './copy-destination.ts';
import { type EditedTree, makeDirectories } from './copy-directories.ts';
import type { Owner } from './resolve-owner.ts';

/**
 * WORKDIR's directory: mkdir -p of an absolute path, links followed inside the root. What is missing is made 0755 with
 * the given owner; what exists stays as it is. `createdMtime` gives the mtime (ns) of a made directory from its parent.
 * Throws `NOT_A_DIRECTORY` when something on the way is a file.
 */
export async function makeWorkdir(
  tree: EditedTree,
  path: string,
  owner: Owner,
  createdMtime: (parent: Entry) => bigint,
): Promise<void> {
  const { path: resolved } = await resolvePath(tree, fromText(cleanPath(path)), { followLast: true });
  await makeDirectories(tree, resolved, { mode: 0o755, uid: owner.uid, gid: owner.gid, mtime: createdMtime });
}
