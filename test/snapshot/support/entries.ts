import { digestOf } from '../../../src/oci/digest.ts';
import type { Entry, LayerItem } from '../../../src/snapshot/entry.ts';
import type { RootTree, TreeStore } from '../../../src/snapshot/tree.ts';
import { walkTree } from '../../../src/snapshot/walk-tree.ts';

export function file(content = '', more: Partial<Entry> = {}): Entry {
  const size = Buffer.byteLength(content);
  return { type: 'file', mode: 0o644, uid: 0, gid: 0, mtime: 5n, size, digest: digestOf(content), ...more };
}

export function dir(more: Partial<Entry> = {}): Entry {
  return { type: 'dir', mode: 0o755, uid: 0, gid: 0, mtime: 5n, size: 0, ...more };
}

export function symlink(target: string): Entry {
  return { type: 'symlink', mode: 0o777, uid: 0, gid: 0, mtime: 5n, size: 0, target };
}

export function put(path: string, entry: Entry): LayerItem {
  return { kind: 'entry', path, entry };
}

export function whiteout(path: string): LayerItem {
  return { kind: 'whiteout', path };
}

export function opaque(path: string): LayerItem {
  return { kind: 'opaque', path };
}

/** All paths of a tree but the root's. */
export async function pathsOf(store: TreeStore, root: RootTree): Promise<string[]> {
  return (await entriesOf(store, root)).map(([path]) => path).filter((path) => path !== '');
}

export async function entriesOf(store: TreeStore, root: RootTree): Promise<[string, Entry][]> {
  const all: [string, Entry][] = [];
  for await (const { path, entry } of walkTree(store, root)) all.push([path, entry]);
  return all;
}
