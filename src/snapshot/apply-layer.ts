import { VarveError } from '../errors.ts';
import { type BytePath, toText } from '../io/byte-path.ts';
import type { Entry, LayerItem } from './entry.ts';
import { hardlinkId } from './hardlink-id.ts';
import { pathParts } from './path-parts.ts';
import { EMPTY_ROOT } from './root-entry.ts';
import type { RootTree, TreeStore } from './tree.ts';
import { commitEdit } from './tree-edit-commit.ts';
import { type EditChild, findChain, loadChildren, loadRoot, markDirty, newDir, setChild } from './tree-edit-dir.ts';

/**
 * Puts a layer on a tree and writes the changed nodes. Whiteouts and opaque directories act on `root` only, wherever
 * they are in the list; a later entry for one path replaces an earlier one; a directory that no entry describes and
 * that is not in `root` gets 0755 0:0, mtime 0. All names of one hard link get what the last of them says.
 * @param options.linkScope tells this layer from the others of its chain (a diffID): give it when the items' hard link
 *   ids are only unique in the layer, and they are replaced by {@link hardlinkId}s
 * @throws VarveError `LAYER_PATH` for a path that a layer cannot have
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/layer.md#whiteouts
 */
export async function applyLayer(
  store: TreeStore,
  root: RootTree | undefined,
  items: Iterable<LayerItem>,
  options: { readonly linkScope?: string } = {},
): Promise<RootTree> {
  const top = await loadRoot(store, root);
  const entries: { readonly path: BytePath; readonly entry: Entry }[] = [];
  const opaque: BytePath[] = [];
  const links = new Map<string, Entry>();
  for (const item of items) {
    if (item.kind === 'entry') {
      const entry = inScope(item.entry, options.linkScope);
      entries.push({ path: item.path, entry });
      if (entry.hardlink !== undefined) links.set(entry.hardlink, entry);
    } else if (item.kind === 'opaque') opaque.push(item.path);
    else await hide(store, top, item.path);
  }
  for (const path of opaque) await empty(store, top, path);
  const put = createPut(store, top);
  for (const { path, entry } of entries) await put(path, links.get(entry.hardlink ?? '') ?? entry);
  for (const path of opaque) if (!(await findChain(store, top, parts(path)))) await put(path, EMPTY_ROOT);
  return commitEdit(store, top, root);
}

function inScope(entry: Entry, scope: string | undefined): Entry {
  if (scope === undefined || entry.hardlink === undefined) return entry;
  return { ...entry, hardlink: hardlinkId(scope, entry.hardlink) };
}

async function hide(store: TreeStore, top: EditChild, path: BytePath): Promise<void> {
  const names = parts(path);
  const name = names.pop();
  if (name === undefined) throw new VarveError('LAYER_PATH', 'the layer has a whiteout for the root directory');
  const chain = await findChain(store, top, names);
  const dir = chain?.at(-1)?.dir;
  if (dir && (await loadChildren(store, dir)).delete(name)) markDirty(chain!);
}

async function empty(store: TreeStore, top: EditChild, path: BytePath): Promise<void> {
  const chain = await findChain(store, top, parts(path));
  const child = chain?.at(-1);
  if (!child?.dir) return;
  child.dir.children = new Map();
  markDirty(chain!);
}

/** Puts entries, one directory after the other most of the time: the last parent is remembered. */
function createPut(store: TreeStore, top: EditChild): (path: BytePath, entry: Entry) => Promise<void> {
  const mine = new WeakSet<EditChild>(); // what is no directory, by this layer
  let lastPath: BytePath | undefined;
  let last: Map<BytePath, EditChild> | undefined;

  const parentOfPath = async (names: readonly string[], path: BytePath): Promise<Map<BytePath, EditChild>> => {
    let at = top;
    const chain = [top];
    for (const name of names) {
      const children = await loadChildren(store, at.dir!);
      let next = children.get(name);
      if (!next) {
        next = setChild(children, name, EMPTY_ROOT);
      } else if (!next.dir) {
        if (mine.has(next))
          throw new VarveError(
            'LAYER_PATH',
            `the layer has '${toText(path)}' inside a path that it makes a ${next.entry.type}`,
          );
        next.entry = EMPTY_ROOT;
        next.dir = newDir();
      }
      chain.push(next);
      at = next;
    }
    const children = await loadChildren(store, at.dir!);
    markDirty(chain);
    return children;
  };

  return async (path, entry) => {
    const names = parts(path);
    const name = names.pop();
    if (name === undefined) {
      if (entry.type !== 'dir')
        throw new VarveError('LAYER_PATH', `the layer makes the root directory a ${entry.type}`);
      top.entry = entry;
      return;
    }
    const parent = path.slice(0, -name.length);
    if (parent !== lastPath) {
      last = await parentOfPath(names, path);
      lastPath = parent;
    }
    // The remembered parent may be below a directory that goes away.
    if (entry.type !== 'dir' && last!.get(name)?.dir) lastPath = undefined;
    const child = setChild(last!, name, entry);
    if (child.dir) mine.delete(child);
    else mine.add(child);
  };
}

function parts(path: BytePath): string[] {
  try {
    return pathParts(path);
  } catch (cause) {
    throw new VarveError('LAYER_PATH', `the layer has the path '${toText(path)}'`, { cause });
  }
}
