import { setImmediate } from 'node:timers/promises';
import type { Catalog, CatalogWrite, Space } from './catalog.ts';
import { type CatalogEngine, MAX_KEY_BYTES, MAX_WRITE_BYTES, PAGE_ROWS, type RowWrite } from './catalog-engine.ts';

const KEY = /^[\x20-\x7e]*$/;
/** Above every character of a key. */
const END = '\x7f';

/** The catalog's key spaces on an engine's rows: a row's key is `<space>!<key>`. */
export function createEngineCatalog(engine: CatalogEngine): Catalog {
  let closed = false;
  const check = (): void => {
    if (closed) throw new Error('the catalog is closed');
  };

  async function getMany(space: Space, keys: readonly string[]): Promise<(Buffer | undefined)[]> {
    check();
    const rows = keys.map((key) => rowKey(space, key));
    const values: (Buffer | undefined)[] = [];
    for (;;) {
      values.push(...(await engine.getMany(rows.slice(values.length, values.length + PAGE_ROWS))));
      if (values.length >= rows.length) return values;
      await setImmediate(); // the engine may be synchronous: others have their turn each millisecond
    }
  }

  return {
    async get(space, key) {
      check();
      return (await engine.getMany([rowKey(space, key)]))[0];
    },
    getMany,
    async write(writes) {
      check();
      const rows = writes.map(toRow);
      const bytes = rows.reduce((sum, row) => sum + row.key.length + (row.value?.length ?? 0), 0);
      if (bytes > MAX_WRITE_BYTES)
        throw new RangeError(`a catalog write of ${bytes} bytes; at most ${MAX_WRITE_BYTES}`);
      if (rows.length > 0) await engine.write(rows);
    },
    async *rows(space, prefix = '') {
      const start = rowKey(space, prefix);
      for (let from = start, after = false; ; after = true) {
        check();
        const page = await engine.page({ from, after, to: start + END });
        for (const [key, value] of page) yield [key.slice(space.length + 1), value];
        const last = page.at(-1);
        if (!last) return;
        from = last[0];
      }
    },
    isLasting: () => engine.isLasting(),
    async close() {
      if (closed) return;
      closed = true;
      await engine.close();
    },
  };
}

function toRow(write: CatalogWrite): RowWrite {
  return { key: rowKey(write.space, write.key), value: write.type === 'put' ? write.value : undefined };
}

function rowKey(space: Space, key: string): string {
  if (key.length > MAX_KEY_BYTES - 16 || !KEY.test(key))
    throw new RangeError(
      `not a catalog key (printable ASCII, at most 4080 bytes): ${JSON.stringify(key.slice(0, 100))}`,
    );
  return `${space}!${key}`;
}
