import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Catalog, CatalogWrite, Space } from '../../cas/catalog.ts';
import { withoutHolders } from '../../cas/holds.ts';
import { readUses } from '../../cas/uses.ts';
import { decodeFrame } from '../../layer/frame-cache.ts';
import { digestHex } from '../../oci/digest.ts';
import { createTreeReach } from '../../snapshot/tree-reach.ts';
import { sweepHistory } from '../explain/sweep-history.ts';
import type { PrunePolicy } from './prune-choice.ts';
import { pulledBases, readReferences } from './store-references.ts';
import type { StoreServices } from './store-services.ts';

/** Rows that are deleted in one write. */
const BATCH = 1000;

/**
 * Takes the rows that lead nowhere out of the catalog. Frames, uses and records whose blob is gone go at any time: they
 * are misses. Trees go only while no other process uses the store, because a build reads them long after it found them;
 * processes that want to open the store wait meanwhile.
 */
export async function pruneRows(
  services: StoreServices,
  policy: PrunePolicy,
): Promise<{ readonly rows: Record<string, number>; readonly treesKept: boolean }> {
  const { store, kernel, records } = services;
  const { catalog } = store;
  const rows: Record<string, number> = {};
  const sweep = async (space: Space, goes: (key: string, value: Buffer) => boolean | Promise<boolean>) => {
    rows[space] = (rows[space] ?? 0) + (await deleteRows(catalog, space, goes));
  };
  const hasBlob = (hex: string): boolean => existsSync(join(store.path, 'blobs', 'sha256', hex));
  const blobs = new Map<string, boolean>();
  await sweep('frame', (_, value) => {
    const frame = decodeFrame(value);
    if (!frame) return true;
    const hex = digestHex(frame.digest);
    if (!blobs.has(hex)) blobs.set(hex, hasBlob(hex));
    return !blobs.get(hex);
  });
  await sweep('use', (key) => !isThere(store.path, key));
  const { olderThan } = policy;
  const before = olderThan === undefined ? {} : { before: new Date(services.clock.now() - olderThan).toISOString() };
  rows.history = await sweepHistory(catalog, before);
  // A map that ends at 60 MB by itself: with --all the next clone is read once more.
  if (isAll(policy)) await sweep('git', () => true);

  const treesKept = !(await withoutHolders(store.path, kernel, async () => {
    if (store.living().length > 0) return false;
    // Files of contexts are looked at again: with --all nothing is left to guess from.
    if (isAll(policy)) await sweep('stat', (key) => key !== 'seed');
    if (isAll(policy)) await sweep('history', () => true);
    const uses = await readUses(catalog);
    const { chains } = await readReferences(store.path, { records, bases: pulledBases(uses) });
    const reach = createTreeReach(catalog);
    const wanted = new Set<string>();
    for await (const [, record] of records.allSteps()) {
      if (!record) continue;
      wanted.add(record.tree.exact);
      await reach.isWhole(record.tree.exact);
    }
    for await (const [, tree] of records.allTrees('history')) if (tree) await reach.isWhole(tree.exact);
    for await (const [chain, tree] of records.allTrees('chain'))
      if (tree && chains.has(chain)) await reach.isWhole(tree.exact);
    const trees = new Map<string, string>();
    for await (const [chain, tree] of records.allTrees('chain')) if (tree) trees.set(chain, tree.exact);
    await sweep('chain', (chain) => !chains.has(chain) && !wanted.has(trees.get(chain) ?? ''));
    await sweep('tree', (hex) => !reach.has(hex));
    return true;
  }));
  return { rows, treesKept };
}

function isAll({ all, maxBytes, olderThan, minFreeBytes }: PrunePolicy): boolean {
  return all && maxBytes === undefined && olderThan === undefined && minFreeBytes === undefined;
}

const DIRECTORIES: Readonly<Record<string, string>> = {
  blob: 'blobs/sha256',
  image: 'blobs/sha256',
  layer: 'layers',
  mount: 'mounts',
  git: 'git',
};

function isThere(store: string, use: string): boolean {
  const [kind = '', name = ''] = use.split('/');
  const directory = DIRECTORIES[kind];
  return directory !== undefined && existsSync(join(store, directory, name));
}

/** @returns how many went */
async function deleteRows(
  catalog: Catalog,
  space: Space,
  goes: (key: string, value: Buffer) => boolean | Promise<boolean>,
): Promise<number> {
  let count = 0;
  let batch: CatalogWrite[] = [];
  for await (const [key, value] of catalog.rows(space)) {
    if (!(await goes(key, value))) continue;
    count++;
    if (batch.push({ type: 'del', space, key }) < BATCH) continue;
    await catalog.write(batch);
    batch = [];
  }
  await catalog.write(batch);
  return count;
}
