import type { BytePath } from '../io/byte-path.ts';
import type { Entry } from './entry.ts';
import type { SourceChild } from './file-source.ts';
import type { RootTree } from './tree.ts';

/**
 * A change to a snapshot's tree, in memory until commit(): only the directories that are looked at are loaded, only
 * those that change are written. Paths as in {@link FileSource}; no symlink is followed.
 */
export interface TreeEdit {
  lookup(path: BytePath): Promise<Entry | undefined>;
  list(path: BytePath): Promise<readonly SourceChild[]>;
  /**
   * Sets one entry; its parent must be a directory in the tree. Putting a directory where one is keeps its children;
   * putting anything else where a directory is drops them.
   */
  put(path: BytePath, entry: Entry): Promise<void>;
  /** Removes a path and all below it; nothing happens when it is not there. */
  remove(path: BytePath): Promise<void>;
  /** Writes the changed nodes. The edit may be used on. */
  commit(): Promise<RootTree>;
}
