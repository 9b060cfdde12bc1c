import { answer, type CatalogEngine } from './catalog-engine.ts';

/** Rows in memory: for tests, and for a process that cannot use the store's catalog. */
export function createMemoryEngine(): CatalogEngine {
  const rows = new Map<string, Buffer>();
  return {
    getMany: async (keys) => answer(keys, (key) => rows.get(key)).map((value) => value && Buffer.from(value)),
    async write(writes) {
      for (const { key, value } of writes) {
        if (value) rows.set(key, Buffer.from(value));
        else rows.delete(key);
      }
    },
    async page({ from, after, to }) {
      const keys = [...rows.keys()].filter((key) => (after ? key > from : key >= from) && key < to).sort();
      return answer(keys, (key) => rows.get(key)).map((value, i) => [keys[i]!, Buffer.from(value!)]);
    },
    isLasting: async () => false,
    close: async () => rows.clear(),
  };
}
