import { VarveError } from '../../errors.ts';
import { fromText } from '../../io/byte-path.ts';
import { type Digest, digestOf } from '../../oci/digest.ts';
import type { FileSource } from '../../snapshot/file-source.ts';
import { resolvePath } from '../../snapshot/resolve-path.ts';
import type { RootTree, TreeStore } from '../../snapshot/tree.ts';
import { lookupTree } from '../../snapshot/tree-lookup.ts';

/** A stage's snapshot as something to read from. */
export interface SourceFiles {
  readonly source: FileSource;
  readonly tree: RootTree;
}

/**
 * The digest of what a bind mount shows of a snapshot: content, modes and owners, no mtimes. Reads one node for each
 * part of the path, however much is below it.
 * @throws VarveError `MOUNT_SOURCE` when the path is not there
 */
export async function mountedContent(path: string, { source, tree }: SourceFiles, trees: TreeStore): Promise<Digest> {
  const { path: real } = await resolvePath(source, fromText(path), { followLast: true });
  const found = await lookupTree(trees, tree, real);
  if (!found) throw new VarveError('MOUNT_SOURCE', `"/${path}": not found`);
  const { type, mode, uid, gid, digest, xattrs } = found.entry;
  const attributes = xattrs?.map(([name, value]) => [name, value.toString('hex')]) ?? [];
  return digestOf(JSON.stringify([type, mode, uid, gid, digest ?? found.tree?.content ?? '', attributes]));
}
