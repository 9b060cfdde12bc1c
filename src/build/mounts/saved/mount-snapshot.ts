import type { Catalog } from '../../../cas/catalog.ts';
import { type BytePath, fromText, joinBytes } from '../../../io/byte-path.ts';
import type { Clock } from '../../../io/clock.ts';
import type { Libc } from '../../../io/libc.ts';
import type { Digest } from '../../../oci/digest.ts';
import { applyLayer } from '../../../snapshot/apply-layer.ts';
import { directorySource } from '../../../snapshot/directory-source.ts';
import type { Entry, LayerItem } from '../../../snapshot/entry.ts';
import { canonicalLinks } from '../../../snapshot/hardlink-id.ts';
import { openStatIndex } from '../../../snapshot/stat-index.ts';
import type { RootTree, TreeStore } from '../../../snapshot/tree.ts';

/** What a cache mount has on disk, as a snapshot in the store. */
export interface MountSnapshot {
  readonly tree: RootTree;
  readonly items: readonly Extract<LayerItem, { kind: 'entry' }>[];
  /** Each content's bytes, and one path that has it, relative to the mount. */
  readonly contents: ReadonlyMap<Digest, { readonly size: number; readonly path: BytePath }>;
}

export interface SnapshotDeps {
  readonly catalog: Catalog;
  readonly trees: TreeStore;
  readonly libc: Libc;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** libuv has four threads for file reads. */
const READS_AT_ONCE = 4;

/**
 * Nobody may write to it meanwhile. Only files whose stat is not that of last time are read.
 * @param data the mount's directory, absolute
 */
export async function snapshotMount(data: string, deps: SnapshotDeps): Promise<MountSnapshot> {
  const { catalog, trees, libc, clock, signal } = deps;
  const stats = openStatIndex(catalog, `mount ${data}`, { clock });
  const source = directorySource({ root: data, libc, stats, concurrency: READS_AT_ONCE, signal });
  const found: { readonly path: BytePath; readonly entry: Entry }[] = [];
  const pending: BytePath[] = [''];
  const [root] = await source.complete([{ path: '', entry: (await source.lookup(''))! }]);
  found.push({ path: '', entry: root! });
  for (let directory = pending.pop(); directory !== undefined; directory = pending.pop()) {
    const at = directory;
    const children = (await source.list(at)).map(({ name, entry }) => ({ path: joinBytes(at, name), entry }));
    const entries = await source.complete(children);
    for (const [i, { path }] of children.entries()) {
      found.push({ path, entry: entries[i]! });
      if (entries[i]!.type === 'dir') pending.push(path);
    }
  }
  await stats.flush();
  const items = canonicalLinks(found, 'mount').map((item) => ({ kind: 'entry', ...item }) as const);
  return { tree: await applyLayer(trees, undefined, items), items, contents: contentsOf(items) };
}

/** The mount with nothing in it: its own mode and owner. */
export async function emptied({ items }: MountSnapshot, trees: TreeStore): Promise<MountSnapshot> {
  const root = items.filter(({ path }) => path === '');
  return { tree: await applyLayer(trees, undefined, root), items: root, contents: new Map() };
}

function contentsOf(items: MountSnapshot['items']): MountSnapshot['contents'] {
  const contents = new Map<Digest, { size: number; path: BytePath }>();
  for (const { path, entry } of items)
    if (entry.digest !== undefined && !contents.has(entry.digest))
      contents.set(entry.digest, { size: entry.size, path });
  return contents;
}

/** Where a path of a mount is on disk. */
export function onDisk(data: string, path: BytePath): BytePath {
  return joinBytes(fromText(data), path);
}
