import type { BytePath } from '../io/byte-path.ts';
import { digestOf } from '../oci/digest.ts';
import type { FileSource } from '../snapshot/file-source.ts';
import { treeOfSource } from '../snapshot/source-tree.ts';
import type { RootTree, TreeStore } from '../snapshot/tree.ts';
import { treeSource } from '../snapshot/tree-source.ts';

/** What commits came to, by name, beyond one build. */
export interface GitTrees {
  readonly trees: TreeStore;
  /** Undefined unless the whole tree is there. */
  find(name: string): Promise<RootTree | undefined>;
  keep(name: string, tree: RootTree): Promise<void>;
}

/** Where the files of a commit are to be had. */
export interface GitFilesPlace {
  /** Writes the files out. */
  checkOut(): Promise<FileSource>;
  /** A file's bytes as the repository has them, which attributes may change in a checkout; undefined when it has none. */
  blob(path: BytePath): Promise<Buffer | undefined>;
}

/** Files that are read out of the repository, one process each, before everything is written out: a Dockerfile. */
const SINGLE_READS = 4;
const SINGLE_READ_BYTES = 1024 * 1024;

/**
 * The files of a commit by what is remembered of it: nothing is written out until the bytes of more than a few files are
 * asked for.
 * @param name says all that decides about the files
 */
export async function gitFiles(name: string, memory: GitTrees, place: GitFilesPlace): Promise<FileSource> {
  let checkout: Promise<FileSource> | undefined;
  const checkedOut = (): Promise<FileSource> => (checkout ??= place.checkOut());
  let tree = await memory.find(name);
  if (!tree) {
    tree = await treeOfSource(memory.trees, await checkedOut());
    await memory.keep(name, tree);
  }
  let singles = 0;
  return treeSource(memory.trees, tree, async (path, entry) => {
    if (!checkout && entry.size <= SINGLE_READ_BYTES && singles++ < SINGLE_READS) {
      const bytes = await place.blob(path);
      if (bytes && digestOf(bytes) === entry.digest) return { bytes };
    }
    return (await checkedOut()).content(path, entry);
  });
}
