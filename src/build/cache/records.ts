import * as z from 'zod';
import type { Catalog, CatalogWrite } from '../../cas/catalog.ts';
import { descriptorSchema, digestSchema } from '../../oci/descriptor.ts';
import { type Digest, digestHex } from '../../oci/digest.ts';
import type { RootTree } from '../../snapshot/tree.ts';
import type { LayerRef } from '../images/layer-ref.ts';

const treeSchema = z.object({ exact: digestSchema, content: digestSchema });

/** What a step produced. */
const recordSchema = z.object({
  layer: z.object({ descriptor: descriptorSchema, diffId: digestSchema }),
  tree: treeSchema,
  /** Content digest of the tree that the step was done on. */
  parent: digestSchema,
  /** RFC 3339 */
  created: z.string(),
  durationMs: z.number(),
  /** Where the layer can be pulled from. */
  origin: z.object({ registry: z.string(), repository: z.string() }).optional(),
  /** What the step changed (src/snapshot/changes-codec.ts), in the store or at the origin. */
  changes: descriptorSchema.optional(),
  /** Of a record that came from a cache: whose signature it had, or nothing. */
  signer: z.string().optional(),
  /** The caches that are known to have it. */
  kept: z.array(z.string()).optional(),
});
export type StepRecord = z.infer<typeof recordSchema>;

/** Steps' results by key, and snapshots' trees by chainID. What cannot be read counts as absent. */
export interface Records {
  steps(keys: readonly Digest[]): Promise<(StepRecord | undefined)[]>;
  /** The same result under several keys. */
  putStep(keys: readonly Digest[], record: StepRecord): Promise<void>;
  tree(chain: string): Promise<RootTree | undefined>;
  putTree(chain: string, tree: RootTree): Promise<void>;
  /** The tree that a slot gave last ({@link Slots}). */
  slot(key: string): Promise<RootTree | undefined>;
  putSlot(key: string, tree: RootTree): Promise<void>;
  /** Every step's result by the hex digits of its key; undefined for a row that cannot be read. */
  allSteps(): AsyncIterable<readonly [key: string, record: StepRecord | undefined]>;
  /** Every row of chainIDs' trees or of slots' last trees, likewise. */
  allTrees(space: 'chain' | 'history'): AsyncIterable<readonly [key: string, tree: RootTree | undefined]>;
  /** Digests of the blobs that rows of downloads name. */
  downloads(): AsyncIterable<Digest>;
}

export function createRecords(catalog: Catalog): Records {
  return {
    async steps(keys) {
      const rows = await catalog.getMany('record', keys.map(digestHex));
      return rows.map((row) => read(recordSchema, row));
    },
    putStep: (keys, record) => catalog.write(keys.map((key) => row('record', digestHex(key), record))),
    tree: async (chain) => read(treeSchema, await catalog.get('chain', chain)),
    putTree: (chain, tree) => catalog.write([row('chain', chain, tree)]),
    slot: async (key) => read(treeSchema, await catalog.get('history', key)),
    putSlot: (key, tree) => catalog.write([row('history', key, tree)]),
    async *allSteps() {
      for await (const [key, value] of catalog.rows('record')) yield [key, read(recordSchema, value)];
    },
    async *downloads() {
      for await (const [, value] of catalog.rows('history', 'url/')) {
        const row = read(z.object({ digest: digestSchema }), value);
        if (row) yield row.digest;
      }
    },
    async *allTrees(space) {
      for await (const [key, value] of catalog.rows(space))
        if (space === 'chain' || key.endsWith('/result')) yield [key, read(treeSchema, value)];
    },
  };
}

/** The layer that a record names, as a snapshot has it. */
export function recordLayer({ layer, created, origin, tree, changes }: StepRecord): LayerRef {
  const result = { content: tree.content, ...(changes ? { changes } : {}) };
  return { ...layer, created, result, ...(origin ? { origin } : {}) };
}

function row(space: 'record' | 'chain' | 'history', key: string, value: unknown): CatalogWrite {
  return { type: 'put', space, key, value: Buffer.from(JSON.stringify(value)) };
}

function read<T>(schema: z.ZodType<T>, row: Buffer | undefined): T | undefined {
  if (!row) return undefined;
  try {
    return schema.safeParse(JSON.parse(row.toString('utf8'))).data;
  } catch {
    return undefined;
  }
}
