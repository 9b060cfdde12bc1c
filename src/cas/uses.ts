import type { Catalog } from './catalog.ts';

/** ms since 1970, big-endian. */
const TIME_BYTES = 8;

/** Notes last uses, all at once: rows of the space `use` (docs/store-format.md, "use"). */
export async function recordUses(catalog: Catalog, uses: ReadonlyMap<string, number>): Promise<void> {
  await catalog.write(
    [...uses].map(([key, at]) => {
      const value = Buffer.alloc(TIME_BYTES);
      value.writeBigUInt64BE(BigInt(Math.max(0, Math.trunc(at))));
      return { type: 'put', space: 'use', key, value } as const;
    }),
  );
}

/** `<kind>/<name>` to its last use, ms since 1970. Memory: about 150 bytes for each blob and layer. */
export async function readUses(catalog: Catalog): Promise<Map<string, number>> {
  const uses = new Map<string, number>();
  for await (const [key, value] of catalog.rows('use'))
    if (value.length === TIME_BYTES) uses.set(key, Number(value.readBigUInt64BE()));
  return uses;
}
