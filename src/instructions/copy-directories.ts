import { VarveError } from '../errors.ts';
import { type BytePath, joinBytes, toText } from '../io/byte-path.ts';
import type { Entry } from '../snapshot/entry.ts';
import { EMPTY_ROOT } from '../snapshot/root-entry.ts';
import type { TreeEdit } from '../snapshot/tree-edit.ts';

/** What is read and set of a tree. {@link TreeEdit} is one. */
export type EditedTree = Pick<TreeEdit, 'lookup' | 'put' | 'remove'>;

/** What a made directory looks like. */
export interface NewDirectory {
  /** 0 to 07777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Nanoseconds since 1970, from the directory that it is made in. */
  mtime(parent: Entry): bigint;
}

/**
 * mkdir -p: makes what is missing of `path`, whose links must be resolved, and leaves the rest as it is. Gives the
 * directory's entry. Throws `NOT_A_DIRECTORY` when something on the way is none.
 */
export async function makeDirectories(tree: EditedTree, path: BytePath, made: NewDirectory): Promise<Entry> {
  const there = await tree.lookup(path);
  if (there?.type === 'dir') return there;
  let parent = path === '' ? EMPTY_ROOT : ((await tree.lookup('')) ?? EMPTY_ROOT);
  let at = '';
  for (const name of path.split('/')) {
    at = joinBytes(at, name);
    const entry = await tree.lookup(at);
    if (entry && entry.type !== 'dir') {
      throw new VarveError('NOT_A_DIRECTORY', `mkdir /${toText(path)}: not a directory: /${toText(at)}`);
    }
    if (entry) {
      parent = entry;
    } else {
      parent = { type: 'dir', mode: made.mode, uid: made.uid, gid: made.gid, mtime: made.mtime(parent), size: 0 };
      await tree.put(at, parent);
    }
  }
  return parent;
}
