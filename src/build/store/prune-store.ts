import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { Catalog, CatalogWrite } from '../../cas/catalog.ts';
import { takeAway } from '../../cas/collect.ts';
import { usage } from '../../cas/inventory.ts';
import { removeTree } from '../../cas/remove-tree.ts';
import { decodeFrame } from '../../layer/frame-cache.ts';
import { type Digest, digestHex } from '../../oci/digest.ts';
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
    const rowsOf = await rowsByBlob(services);
    for (let from = 0; from < chosen.length; from += BATCH) {
      signal.throwIfAborted();
      const objects = chosen.slice(from, from + BATCH).map(({ object }) => object);
      // Names and rows first: a kill in between leaves blobs that nothing refers to, not references to nothing.
      const blobs = objects.filter(({ kind }) => kind === 'blob');
      const names = new Set(blobs.map(({ name }) => name));
      for (const image of known.references.images)
        if (image.name !== undefined && policy.all && image.blobs.some((digest) => names.has(digestHex(digest))))
          await dropLocalImage(store, image.manifest);
      const rows = blobs.flatMap(({ name }) => rowsOf.get(name) ?? []);
      const values = await readRows(store.catalog, rows);
      await store.catalog.write(rows.map((row) => ({ type: 'del', ...row })));
      const taken = new Set(await takeAway(objects, services));
      const stayed = new Set(
        blobs.filter((object) => !taken.has(object)).flatMap(({ name }) => rowsOf.get(name) ?? []),
      );
      const again = rows.flatMap((row, i): CatalogWrite[] => {
        const value = values[i];
        return stayed.has(row) && value ? [{ type: 'put', ...row, value }] : [];
      });
      await store.catalog.write(again);
      for (const object of taken) removed.push(byObject.get(object)!);
    }
    await removeTree(join(store.path, 'catalog.broken'));
    const gone = new Set(removed);
    return { removed, held: chosen.filter((item) => !gone.has(item)), ...(await pruneRows(services, policy)) };
  });
}

/** A row that leads to a blob. */
interface BlobRow {
  readonly space: 'record' | 'frame';
  readonly key: string;
}

/** The records whose layer a blob is, and the frames that lie in it. */
async function rowsByBlob({ records, store }: StoreServices): Promise<Map<string, BlobRow[]>> {
  const byBlob = new Map<string, BlobRow[]>();
  const add = (blob: Digest, row: BlobRow): void => {
    const rows = byBlob.get(digestHex(blob));
    if (rows) rows.push(row);
    else byBlob.set(digestHex(blob), [row]);
  };
  for await (const [key, record] of records.allSteps())
    if (record) add(record.layer.descriptor.digest, { space: 'record', key });
  for await (const [key, value] of store.catalog.rows('frame')) {
    const frame = decodeFrame(value);
    if (frame) add(frame.digest, { space: 'frame', key });
  }
  return byBlob;
}

/** Their values, in their order. */
async function readRows(catalog: Catalog, rows: readonly BlobRow[]): Promise<(Buffer | undefined)[]> {
  const found = new Map<BlobRow, Buffer | undefined>();
  for (const space of ['record', 'frame'] as const) {
    const some = rows.filter((row) => row.space === space);
    const values = await catalog.getMany(
      space,
      some.map(({ key }) => key),
    );
    for (const [i, row] of some.entries()) found.set(row, values[i]);
  }
  return rows.map((row) => found.get(row));
}
