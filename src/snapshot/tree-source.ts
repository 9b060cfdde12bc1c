import type { BytePath } from '../io/byte-path.ts';
import type { ContentSource, Entry } from './entry.ts';
import type { FileSource } from './file-source.ts';
import type { RootTree, TreeStore } from './tree.ts';
import { lookupTree } from './tree-lookup.ts';

/**
 * A snapshot to read from: names and digests from its tree, so that nothing is unpacked until a file's bytes are asked.
 * @param content finds a file's bytes
 */
export function treeSource(
  store: TreeStore,
  root: RootTree,
  content: (path: BytePath, entry: Entry) => Promise<ContentSource>,
): FileSource {
  return {
    async lookup(path) {
      return (await lookupTree(store, root, path))?.entry;
    },
    async list(path) {
      const dir = (await lookupTree(store, root, path))?.tree;
      return dir ? (await store.node(dir.exact)).children : [];
    },
    async complete(items) {
      return items.map(({ entry }) => entry);
    },
    content,
  };
}
