import type { BytePath } from '../io/byte-path.ts';
import type { Entry } from './entry.ts';
import { EMPTY_ROOT } from './root-entry.ts';
import type { RootTree, TreeRef, TreeStore } from './tree.ts';

/** One path of a tree under change. `dir` is set if and only if the entry is a directory. */
export interface EditChild {
  entry: Entry;
  dir: EditDir | undefined;
}

/** A directory of a tree under change. A dirty one has its children in memory. */
export interface EditDir {
  /** The node as it is in the store; undefined for a new directory. */
  saved: TreeRef | undefined;
  dirty: boolean;
  children: Map<BytePath, EditChild> | undefined;
}

export function newDir(): EditDir {
  return { saved: undefined, dirty: true, children: new Map() };
}

/** The root's child; `from` undefined gives {@link EMPTY_ROOT}. */
export async function loadRoot(store: TreeStore, from: RootTree | undefined): Promise<EditChild> {
  if (!from) return { entry: EMPTY_ROOT, dir: newDir() };
  const top = (await store.node(from.exact)).children[0];
  if (top?.name !== '' || !top.tree) throw new Error(`${from.exact} is a directory's node, not a root's`);
  return { entry: top.entry, dir: { saved: top.tree, dirty: false, children: undefined } };
}

/** A directory's children, read on first use. */
export async function loadChildren(store: TreeStore, dir: EditDir): Promise<Map<BytePath, EditChild>> {
  if (dir.children) return dir.children;
  const node = await store.node(dir.saved!.exact);
  dir.children ??= new Map(
    node.children.map(({ name, entry, tree }) => [
      name,
      { entry, dir: tree && { saved: tree, dirty: false, children: undefined } },
    ]),
  );
  return dir.children;
}

/** From the root down to the path, one child for each part and the root; undefined when the path is not there. */
export async function findChain(
  store: TreeStore,
  root: EditChild,
  parts: readonly string[],
): Promise<EditChild[] | undefined> {
  const chain = [root];
  let at = root;
  for (const part of parts) {
    if (!at.dir) return undefined;
    const next = (at.dir.children ?? (await loadChildren(store, at.dir))).get(part);
    if (!next) return undefined;
    chain.push(next);
    at = next;
  }
  return chain;
}

/** Says that the children of the last directory in the chain changed. */
export function markDirty(chain: readonly EditChild[]): void {
  for (let i = chain.length - 1; i >= 0; i--) {
    const { dir } = chain[i]!;
    if (dir) dir.dirty = true;
  }
}

/** Sets one name of a loaded directory: a directory put over a directory keeps its children. */
export function setChild(children: Map<BytePath, EditChild>, name: BytePath, entry: Entry): EditChild {
  const old = children.get(name);
  if (old) {
    old.dir = entry.type === 'dir' ? (old.dir ?? newDir()) : undefined;
    old.entry = entry;
    return old;
  }
  const child: EditChild = { entry, dir: entry.type === 'dir' ? newDir() : undefined };
  children.set(name, child);
  return child;
}
