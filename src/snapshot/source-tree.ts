import { type BytePath, joinBytes } from '../io/byte-path.ts';
import { editTree } from './edit-tree.ts';
import type { FileSource } from './file-source.ts';
import type { RootTree, TreeStore } from './tree.ts';

/** Keeps all that a source has as a tree. Every file whose digest is not known is read, once. */
export async function treeOfSource(trees: TreeStore, source: FileSource): Promise<RootTree> {
  const edit = editTree(trees, undefined);
  const add = async (directory: BytePath): Promise<void> => {
    const items = (await source.list(directory)).map(({ name, entry }) => ({
      path: joinBytes(directory, name),
      entry,
    }));
    const entries = await source.complete(items);
    for (const [i, { path }] of items.entries()) await edit.put(path, entries[i]!);
    for (const { path, entry } of items) if (entry.type === 'dir') await add(path);
  };
  const root = await source.lookup('');
  if (root) await edit.put('', root);
  await add('');
  return edit.commit();
}
