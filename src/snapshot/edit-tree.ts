import { compareBytes } from '../io/byte-path.ts';
import { pathParts } from './path-parts.ts';
import type { RootTree, TreeStore } from './tree.ts';
import type { TreeEdit } from './tree-edit.ts';
import { commitEdit } from './tree-edit-commit.ts';
import { type EditChild, findChain, loadChildren, loadRoot, markDirty, setChild } from './tree-edit-dir.ts';

/**
 * Starts a change of a tree. The path `` is the root directory: it can be put, not removed.
 * @param root undefined starts with an empty directory, 0755 0:0, mtime 0
 */
export function editTree(store: TreeStore, root: RootTree | undefined): TreeEdit {
  let saved = root;
  let top: Promise<EditChild> | undefined;
  const find = async (parts: readonly string[]): Promise<EditChild[] | undefined> => {
    top ??= loadRoot(store, root);
    return findChain(store, await top, parts);
  };

  return {
    async lookup(path) {
      return (await find(pathParts(path)))?.at(-1)?.entry;
    },
    async list(path) {
      const dir = (await find(pathParts(path)))?.at(-1)?.dir;
      if (!dir) return [];
      const children = [...(await loadChildren(store, dir))].map(([name, { entry }]) => ({ name, entry }));
      return children.sort((a, b) => compareBytes(a.name, b.name));
    },
    async put(path, entry) {
      const parts = pathParts(path);
      const name = parts.pop();
      const chain = await find(parts);
      const parent = chain?.at(-1);
      if (name === undefined) {
        if (entry.type !== 'dir') throw new Error(`the root of a tree is a directory, not a ${entry.type}`);
        parent!.entry = entry;
        return;
      }
      if (!parent?.dir) throw new Error(`'${path}' cannot be put: its parent is no directory of the tree`);
      setChild(await loadChildren(store, parent.dir), name, entry);
      markDirty(chain!);
    },
    async remove(path) {
      const parts = pathParts(path);
      const name = parts.pop();
      if (name === undefined) throw new Error('the root of a tree cannot be removed');
      const chain = await find(parts);
      const dir = chain?.at(-1)?.dir;
      if (dir && (await loadChildren(store, dir)).delete(name)) markDirty(chain!);
    },
    async commit() {
      top ??= loadRoot(store, root);
      saved = await commitEdit(store, await top, saved);
      return saved;
    },
  };
}
