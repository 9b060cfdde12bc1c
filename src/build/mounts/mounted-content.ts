import { VarveError } from '../../errors.ts';
import { selectionDigestInput } from '../../instructions/copy-key.ts';
import { selectFiles } from '../../instructions/copy-select.ts';
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

/** Entries of a mount that an explanation can name; more of them are not listed: 20,000 take about 1 MB of the history. */
const MOST_LISTED = 20_000;

/** A line for each file that a bind mount shows, as for a COPY's; undefined for more than an explanation is worth. */
export async function mountedLines(path: string, { source }: SourceFiles): Promise<string[] | undefined> {
  let left = MOST_LISTED;
  const bounded: FileSource = {
    lookup: (at) => source.lookup(at),
    complete: (items) => source.complete(items),
    content: (at, entry) => source.content(at, entry),
    async list(at) {
      const children = await source.list(at);
      left -= children.length;
      if (left < 0) throw new TooMany();
      return children;
    },
  };
  try {
    const selection = await selectFiles({ sources: [path || '.'], source: bounded, parents: false, exclude: [] });
    return selectionDigestInput(selection, { forceRootOwner: false });
  } catch (error) {
    if (error instanceof TooMany) return undefined;
    throw error;
  }
}

class TooMany extends Error {}
