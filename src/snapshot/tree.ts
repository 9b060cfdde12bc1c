import type { BytePath } from '../io/byte-path.ts';
import type { Digest } from '../oci/digest.ts';
import type { Entry } from './entry.ts';

/** A directory's two names: all fields, and all fields but mtime (of everything below it). */
export interface TreeRef {
  readonly exact: Digest;
  readonly content: Digest;
}

/** One child of a directory: its entry, and its node when it is a directory. */
export interface TreeChild {
  readonly name: BytePath;
  readonly entry: Entry;
  /** Set if and only if entry.type is 'dir'. */
  readonly tree?: TreeRef;
}

/** A directory: its children sorted by name bytes. Its own entry is in its parent; the root's in the {@link RootTree}. */
export interface TreeNode {
  readonly children: readonly TreeChild[];
}

/** A whole filesystem: the root directory's own entry is kept in a node that has one child with the empty name. */
export type RootTree = TreeRef;

/** Reads and writes nodes by exact digest; a missing node means that the catalog was lost or collected. */
export interface TreeStore {
  /** @throws VarveError `TREE_MISSING` */
  node(exact: Digest): Promise<TreeNode>;
  has(exact: Digest): Promise<boolean>;
  /** Writes all nodes, all or nothing. */
  save(nodes: readonly { readonly ref: TreeRef; readonly node: TreeNode }[]): Promise<void>;
}
