import type { ExecutionContext } from 'ava';
import { applyLayer } from '../../../src/snapshot/apply-layer.ts';
import { diffTrees } from '../../../src/snapshot/diff-trees.ts';
import type { Entry, LayerItem } from '../../../src/snapshot/entry.ts';
import type { RootTree, TreeStore } from '../../../src/snapshot/tree.ts';
import { diskTree } from './disk-tree.ts';
import { entriesOf } from './entries.ts';

/**
 * Holds a scan's layer against a double walk that reads all: put on the parent it must give the directory as it is
 * now, and it may say nothing that the difference of the two trees doesn't say.
 */
export async function holdAgainstOracle(
  t: ExecutionContext,
  store: TreeStore,
  request: { readonly parent: RootTree; readonly now: string; readonly items: readonly LayerItem[] },
): Promise<void> {
  const { parent, now, items } = request;
  const truth = await diskTree(store, now);
  const applied = await applyLayer(store, parent, items);
  const [want, have, old] = await Promise.all([truth, applied, parent].map((root) => entriesOf(store, root)));
  t.deepEqual(have!.map(withoutLink), want!.map(withoutLink));

  // What is linked on disk is linked in the tree. A link that copying up broke may be kept.
  const before = new Map(old);
  const byDiskLink = new Map<string, string>();
  for (const [i, [path, entry]] of want!.entries()) {
    if (entry.hardlink === undefined) continue;
    const tree = have![i]![1].hardlink;
    t.truthy(tree ?? before.get(path), path);
    const known = byDiskLink.get(entry.hardlink);
    if (known === undefined) byDiskLink.set(entry.hardlink, tree!);
    else t.is(tree, known, `${path} is linked`);
  }

  const linked = new Set([...want!, ...old!, ...have!].filter(([, { hardlink }]) => hardlink).map(([path]) => path));
  const difference = await diffTrees(store, parent, truth);
  const opaque = items.filter(({ kind }) => kind === 'opaque').map(({ path }) => `${path}/`);
  const say = (list: readonly LayerItem[]): string[] =>
    list
      .filter(({ kind, path }) => kind !== 'opaque' && !linked.has(path))
      .filter(({ kind, path }) => kind !== 'whiteout' || !opaque.some((above) => path.startsWith(above)))
      .map(({ kind, path }) => `${kind} ${path}`)
      .sort();
  t.deepEqual(say(items), say(difference));
}

function withoutLink([path, { hardlink: _, ...entry }]: [string, Entry]): [string, Entry] {
  return [path, entry];
}
