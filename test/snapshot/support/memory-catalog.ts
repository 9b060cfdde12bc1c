import type { Catalog, CatalogWrite, Space } from '../../../src/cas/catalog.ts';

export interface MemoryCatalog extends Catalog {
  /** Every write so far. */
  readonly writes: CatalogWrite[];
  readonly reads: { count: number };
  drop(space: Space, key: string): void;
}

/** The catalog as Maps, with counts. */
export function memoryCatalog(): MemoryCatalog {
  const values = new Map<string, Buffer>();
  const writes: CatalogWrite[] = [];
  const reads = { count: 0 };
  const get = (space: Space, key: string): Buffer | undefined => {
    reads.count++;
    return values.get(`${space} ${key}`);
  };
  return {
    isLasting: async () => false,
    writes,
    reads,
    drop: (space, key) => void values.delete(`${space} ${key}`),
    get: async (space, key) => get(space, key),
    getMany: async (space, keys) => keys.map((key) => get(space, key)),
    async write(batch) {
      for (const write of batch) {
        writes.push(write);
        if (write.type === 'put') values.set(`${write.space} ${write.key}`, Buffer.from(write.value));
        else values.delete(`${write.space} ${write.key}`);
      }
    },
    async *rows(space, prefix = '') {
      const start = `${space} ${prefix}`;
      const found = [...values].filter(([key]) => key.startsWith(start)).sort(([a], [b]) => (a < b ? -1 : 1));
      for (const [key, value] of found) yield [key.slice(space.length + 1), value];
    },
    close: async () => {},
  };
}
