import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { CatalogWrite } from '../../cas/catalog.ts';
import { takeAway } from '../../cas/collect.ts';
import { usage } from '../../cas/inventory.ts';
import { removeTree } from '../../cas/remove-tree.ts';
import { digestHex } from '../../oci/digest.ts';
import { dropLocalImage } from '../images/local-images.ts';
import { type Chosen, choosePruned, type PrunePolicy } from './prune-choice.ts';
import { pruneRows } from './prune-rows.ts';
import { maintain, type StoreServices } from './store-services.ts';
import { readObjects } from './store-usage.ts';

export interface PruneReport {
  /** What is gone, or with `dryRun` what would be. */
  readonly removed: readonly Chosen[];
  /** What was chosen, and turned out to be held by a process that began meanwhile. */
  readonly held: readonly Chosen[];
  /** Rows that left the catalog, by key space; undefined for trees when other processes use the store. */
  readonly rows: Readonly<Record<string, number>>;
  /** Whether tree nodes had to stay because other processes use the store. */
  readonly treesKept: boolean;
}

/** Things that are taken away under one taking of the collector's lock: their renames take about 1 ms. */
const BATCH = 100;

/**
 * Takes away what nothing refers to, and by policy what was used least recently (docs/store-format.md, "Collecting").
 * Safe beside running builds, which keep what they hold.
 */
export function pruneStore(
  services: StoreServices,
  policy: PrunePolicy,
  { dryRun }: { readonly dryRun: boolean },
): Promise<PruneReport> {
  return maintain(services, async () => {
    const { store, clock, signal } = services;
    const known = await readObjects(services);
    const disk = await statfs(store.path);
    const chosen = choosePruned(known, policy, {
      now: clock.now(),
      free: disk.bavail * disk.bsize,
      otherBytes: (await usage(join(store.path, 'catalog'))).bytes,
    });
    if (dryRun) return { removed: chosen, held: [], rows: {}, treesKept: false };

    const removed: Chosen[] = [];
    const byObject = new Map(chosen.map((item) => [item.object, item]));
    const records = await recordsByBlob(services);
    for (let from = 0; from < chosen.length; from += BATCH) {
      signal.throwIfAborted();
      const objects = chosen.slice(from, from + BATCH).map(({ object }) => object);
      // Names and rows first: a kill in between leaves blobs that nothing refers to, not references to nothing.
      const blobs = objects.filter(({ kind }) => kind === 'blob');
      const names = new Set(blobs.map(({ name }) => name));
      for (const image of known.references.images)
        if (image.name !== undefined && policy.all && image.blobs.some((digest) => names.has(digestHex(digest))))
          await dropLocalImage(store, image.manifest);
      const rows = blobs.flatMap(({ name }) => records.get(name) ?? []);
      const values = await store.catalog.getMany('record', rows);
      await store.catalog.write(rows.map((key) => ({ type: 'del', space: 'record', key })));
      const taken = new Set(await takeAway(objects, services));
      const stayed = new Set(
        blobs.filter((object) => !taken.has(object)).flatMap(({ name }) => records.get(name) ?? []),
      );
      const again = rows.flatMap((key, i): CatalogWrite[] =>
        stayed.has(key) && values[i] ? [{ type: 'put', space: 'record', key, value: values[i] }] : [],
      );
      await store.catalog.write(again);
      for (const object of taken) removed.push(byObject.get(object)!);
    }
    await removeTree(join(store.path, 'catalog.broken'));
    const gone = new Set(removed);
    return { removed, held: chosen.filter((item) => !gone.has(item)), ...(await pruneRows(services, policy)) };
  });
}

/** Keys of the records whose layer a blob is. */
async function recordsByBlob({ records }: StoreServices): Promise<Map<string, string[]>> {
  const byBlob = new Map<string, string[]>();
  for await (const [key, record] of records.allSteps()) {
    if (!record) continue;
    const blob = digestHex(record.layer.descriptor.digest);
    byBlob.set(blob, [...(byBlob.get(blob) ?? []), key]);
  }
  return byBlob;
}
