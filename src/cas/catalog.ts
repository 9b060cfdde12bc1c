/** Key spaces of the catalog (docs/store-format.md). */
export const SPACES = ['tree', 'chain', 'stat', 'git', 'frame', 'layer', 'record', 'history', 'use'] as const;
export type Space = (typeof SPACES)[number];

export type CatalogWrite =
  | { readonly type: 'put'; readonly space: Space; readonly key: string; readonly value: Buffer }
  | { readonly type: 'del'; readonly space: Space; readonly key: string };

/**
 * The store's index, in LevelDB. Everything in it can be had again: a lost catalog is a slower build. Any number of
 * processes may use it at once. Keys are ASCII; values are small (a file's content never goes in here).
 */
export interface Catalog {
  get(space: Space, key: string): Promise<Buffer | undefined>;
  /** As many results as keys, in their order. */
  getMany(space: Space, keys: readonly string[]): Promise<(Buffer | undefined)[]>;
  /** All or nothing. */
  write(writes: readonly CatalogWrite[]): Promise<void>;
  /** Every row of a space whose key starts with `prefix`, in key order. */
  rows(space: Space, prefix?: string): AsyncIterable<readonly [key: string, value: Buffer]>;
  /** False when this process has only a memory that ends with it: what is missing here may be in the store all the same. */
  isLasting(): Promise<boolean>;
  close(): Promise<void>;
}
