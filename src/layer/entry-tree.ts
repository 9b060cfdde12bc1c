import { type BytePath, joinBytes } from '../io/byte-path.ts';
import { type Entry, isImageXattr, type LayerItem } from '../snapshot/entry.ts';
import { checkLength, splitEntryPath, unsafeEntry } from './entry-path.ts';
import type { TarEntry } from './tar-entry.ts';
import { AUFS_PREFIX, OPAQUE_NAME, WHITEOUT_PREFIX } from './whiteout.ts';

/** What all names of one file share. */
export interface Inode {
  entry: Entry;
  readonly names: Set<BytePath>;
}

export interface DirNode {
  readonly kind: 'dir';
  readonly path: BytePath;
  /** Undefined for a directory that the archive never mentions: an implicit one. */
  entry: Entry | undefined;
  isOpaque: boolean;
  readonly children: Map<BytePath, Node>;
}

export type Node = DirNode | { readonly kind: 'leaf'; readonly path: BytePath; readonly inode: Inode } | Whiteout;
interface Whiteout {
  readonly kind: 'whiteout';
  readonly path: BytePath;
}

/** What an entry of the archive asks for, with real paths: no part but the last can be a symlink. */
export type Change =
  | {
      readonly kind: 'make';
      readonly path: BytePath;
      readonly entry: Entry;
      readonly replaces: Node | undefined;
      /** Of all but directories. */
      readonly inode?: Inode;
    }
  | { readonly kind: 'link'; readonly path: BytePath; readonly to: BytePath; readonly replaces: Node | undefined }
  | { readonly kind: 'skip' };

/** Linux' own limit (path_resolution(7)). */
const MAX_LINKS = 40;

/**
 * The files that an archive describes, in memory: every path is resolved here, component by component with symlinks
 * kept under the root, so that nothing on disk has to be asked or trusted. Later entries win over earlier ones.
 */
export interface EntryTree {
  readonly root: DirNode;
  /** @throws VarveError `LAYER_UNSAFE` */
  add(tar: TarEntry): Change;
}

export function createEntryTree(options: {
  /** Whether `.wh.` names mean removed files (a layer) or are names as others (ADD). */
  readonly whiteouts: boolean;
  /** Called for each directory that comes to be without an entry of its own, parents first. */
  onImplicitDir(path: BytePath): void;
}): EntryTree {
  const root: DirNode = { kind: 'dir', path: '', entry: undefined, isOpaque: false, children: new Map() };

  /** The real directory of these names; missing ones are made. */
  function resolveDir(parts: readonly BytePath[], name: BytePath): DirNode {
    const pending = [...parts].reverse();
    const stack: DirNode[] = [root];
    let links = 0;
    while (pending.length > 0) {
      const part = pending.pop()!;
      const here = stack[stack.length - 1]!;
      if (part === '' || part === '.') continue;
      if (part === '..') {
        if (stack.length > 1) stack.pop();
        continue;
      }
      let node = here.children.get(part);
      if (node?.kind === 'leaf' && node.inode.entry.type === 'symlink') {
        if (++links > MAX_LINKS) throw unsafeEntry(name, 'goes through too many symbolic links');
        const target = node.inode.entry.target ?? '';
        if (target.startsWith('/')) stack.length = 1;
        pending.push(...target.split('/').reverse());
        continue;
      }
      if (node?.kind === 'leaf')
        throw unsafeEntry(name, `lies below ${JSON.stringify(node.path)}, which is no directory`);
      if (!node || node.kind === 'whiteout') node = makeDir(here, part, undefined, node?.kind === 'whiteout');
      stack.push(node);
    }
    return stack[stack.length - 1]!;
  }

  function makeDir(parent: DirNode, part: BytePath, entry: Entry | undefined, isOpaque: boolean): DirNode {
    const path = joinBytes(parent.path, part);
    checkLength(path);
    const node: DirNode = { kind: 'dir', path, entry, isOpaque, children: new Map() };
    parent.children.set(part, node);
    if (!entry) options.onImplicitDir(path);
    return node;
  }

  function addWhiteout(tar: TarEntry, parts: readonly BytePath[], base: BytePath): void {
    const parent = resolveDir(parts.slice(0, -1), tar.name);
    if (base === OPAQUE_NAME) {
      parent.isOpaque = true;
      return;
    }
    const hidden = base.slice(WHITEOUT_PREFIX.length);
    if (hidden === '' || hidden === '.' || hidden === '..') throw unsafeEntry(tar.name, 'removes no file');
    hide(parent, hidden);
  }

  function hide(parent: DirNode, hidden: BytePath): void {
    const node = parent.children.get(hidden);
    // A whiteout is about the layers below: what this layer has at the path stays, and stands alone.
    if (node?.kind === 'dir') node.isOpaque = true;
    else if (!node) parent.children.set(hidden, { kind: 'whiteout', path: joinBytes(parent.path, hidden) });
  }

  function addLink(tar: TarEntry, parent: DirNode, base: BytePath): Change {
    const parts = splitEntryPath(tar.link);
    const targetBase = parts.pop();
    const target = targetBase === undefined ? root : resolveDir(parts, tar.name).children.get(targetBase);
    if (target?.kind !== 'leaf')
      throw unsafeEntry(tar.name, `is a hard link to ${JSON.stringify(tar.link)}, which is no file before it`);
    const replaces = parent.children.get(base);
    if (replaces === target) return { kind: 'skip' };
    if (replaces?.kind === 'dir') throw unsafeEntry(tar.name, 'is a hard link in the place of a directory');
    const path = joinBytes(parent.path, base);
    drop(replaces);
    parent.children.set(base, { kind: 'leaf', path, inode: target.inode });
    target.inode.names.add(path);
    return { kind: 'link', path, to: target.path, replaces };
  }

  return {
    root,
    add(tar) {
      const parts = splitEntryPath(tar.name);
      const base = parts.at(-1);
      if (base === undefined) {
        if (tar.type !== 'dir') throw unsafeEntry(tar.name, 'is the root, and no directory');
        root.entry = entryOf(tar);
        return { kind: 'make', path: '', entry: root.entry, replaces: root };
      }
      if (options.whiteouts && parts.some((part) => part.startsWith(WHITEOUT_PREFIX))) {
        if (parts.some((part) => part.startsWith(AUFS_PREFIX) && part !== OPAQUE_NAME)) return { kind: 'skip' };
        if (parts.findIndex((part) => part.startsWith(WHITEOUT_PREFIX)) < parts.length - 1)
          throw unsafeEntry(tar.name, 'lies below a removed file');
        addWhiteout(tar, parts, base);
        return { kind: 'skip' };
      }
      const parent = resolveDir(parts.slice(0, -1), tar.name);
      if (tar.type === 'hardlink') return addLink(tar, parent, base);
      if (options.whiteouts && isOverlayWhiteout(tar)) {
        hide(parent, base);
        return { kind: 'skip' };
      }
      const entry = entryOf(tar);
      const replaces = parent.children.get(base);
      const path = joinBytes(parent.path, base);
      if (replaces?.kind === 'dir' && entry.type === 'dir') replaces.entry = entry;
      else if (entry.type === 'dir') {
        drop(replaces);
        makeDir(parent, base, entry, replaces?.kind === 'whiteout');
      } else {
        drop(replaces);
        const inode = { entry, names: new Set([path]) };
        parent.children.set(base, { kind: 'leaf', path, inode });
        return { kind: 'make', path, entry, replaces, inode };
      }
      return { kind: 'make', path, entry, replaces };
    },
  };
}

/** What a tree says of every path, parents first, children in byte order; files with several names get an id. */
export function treeItems(root: DirNode): { items: LayerItem[]; implicitDirs: BytePath[] } {
  const items: LayerItem[] = [];
  const implicitDirs: BytePath[] = [];
  const visit = (node: Node): void => {
    if (node.kind === 'whiteout') items.push({ kind: 'whiteout', path: node.path });
    else if (node.kind === 'leaf') {
      const { entry, names } = node.inode;
      const [first] = names;
      const isShared = names.size > 1 && first !== undefined;
      items.push({ kind: 'entry', path: node.path, entry: isShared ? { ...entry, hardlink: first } : entry });
    } else {
      if (node.entry) items.push({ kind: 'entry', path: node.path, entry: node.entry });
      else if (node !== root) implicitDirs.push(node.path);
      if (node.isOpaque) items.push({ kind: 'opaque', path: node.path });
      for (const name of [...node.children.keys()].sort()) visit(node.children.get(name)!);
    }
  };
  visit(root);
  return { items, implicitDirs };
}

/** What overlayfs hides a path with: on disk it would be one, so it is one in the tree too. */
function isOverlayWhiteout({ type, device: [major, minor] }: TarEntry): boolean {
  return type === 'char' && major === 0 && minor === 0;
}

/** Takes the names below a node off their files. */
function drop(node: Node | undefined): void {
  if (node?.kind === 'leaf') node.inode.names.delete(node.path);
  if (node?.kind === 'dir') for (const child of node.children.values()) drop(child);
}

function entryOf(tar: TarEntry): Entry {
  const { mode, uid, gid, mtime, size } = tar;
  const type = tar.type === 'hardlink' ? 'file' : tar.type;
  const xattrs = tar.xattrs.filter(([name]) => isImageXattr(name));
  if (type === 'symlink' && tar.link === '') throw unsafeEntry(tar.name, 'is a symbolic link to nothing');
  return {
    type,
    mode,
    uid,
    gid,
    mtime,
    size,
    ...(type === 'symlink' ? { target: tar.link } : {}),
    ...(type === 'char' || type === 'block' ? { device: tar.device } : {}),
    ...(xattrs.length > 0 ? { xattrs } : {}),
  };
}
