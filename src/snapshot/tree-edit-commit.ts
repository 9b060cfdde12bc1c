import { compareBytes } from '../io/byte-path.ts';
import type { Digest } from '../oci/digest.ts';
import type { RootTree, TreeChild, TreeNode, TreeRef, TreeStore } from './tree.ts';
import { encodeNode } from './tree-codec.ts';
import type { EditChild, EditDir } from './tree-edit-dir.ts';

/**
 * Writes every directory that differs from what was loaded, and the root's node. On failure nothing is written and
 * the edit is as before.
 * @param saved the root tree that `root` was loaded from or last saved as
 */
export async function commitEdit(store: TreeStore, root: EditChild, saved: RootTree | undefined): Promise<RootTree> {
  const nodes = new Map<Digest, { ref: TreeRef; node: TreeNode }>();
  const done: [EditDir, TreeRef][] = [];
  const add = (node: TreeNode, old: TreeRef | undefined): TreeRef => {
    const { ref } = encodeNode(node);
    if (ref.exact !== old?.exact) nodes.set(ref.exact, { ref, node });
    return ref;
  };
  const commitDir = (dir: EditDir): TreeRef => {
    if (!dir.dirty) return dir.saved!;
    const children: TreeChild[] = [];
    for (const [name, child] of dir.children!)
      children.push(
        child.dir ? { name, entry: child.entry, tree: commitDir(child.dir) } : { name, entry: child.entry },
      );
    children.sort((a, b) => compareBytes(a.name, b.name));
    const ref = add({ children }, dir.saved);
    done.push([dir, ref]);
    return ref;
  };
  const ref = add({ children: [{ name: '', entry: root.entry, tree: commitDir(root.dir!) }] }, saved);
  await store.save([...nodes.values()]);
  for (const [dir, dirRef] of done) {
    dir.saved = dirRef;
    dir.dirty = false;
  }
  return ref;
}
