import { promisify } from 'node:util';
import { zstdCompress, zstdDecompress } from 'node:zlib';
import * as z from 'zod';
import { digestSchema } from '../../../oci/descriptor.ts';
import type { Digest } from '../../../oci/digest.ts';

/** A blob with files' contents, each named by its digest. */
export interface Pack {
  readonly blob: { readonly mediaType: string; readonly digest: Digest; readonly size: number };
  /** Bytes of each content. */
  readonly contents: ReadonlyMap<Digest, number>;
}

/** Most that a list may unpack to: 100 bytes for each of 2.5 million contents. */
const LIMIT_BYTES = 256 * 1024 * 1024;
/** Uncompressed bytes of a pack, but for one with a single larger file. */
const PACK_BYTES = 64 * 1024 * 1024;
/** A pack with less is small: where there are many, they become one. */
const SMALL_BYTES = PACK_BYTES / 4;
const MOST_SMALL = 32;

const listSchema = z.array(
  z.strictObject({
    digest: digestSchema,
    contents: z.array(z.tuple([digestSchema, z.number().int().nonnegative()])),
  }),
);

/** As one zstd frame of JSON. */
export async function encodePackList(packs: readonly Pack[]): Promise<Buffer> {
  const rows = packs.map(({ blob, contents }) => ({ digest: blob.digest, contents: [...contents] }));
  return promisify(zstdCompress)(Buffer.from(JSON.stringify(rows)));
}

/**
 * @param blobs the packs that the record names
 * @throws Error for what {@link encodePackList} does not give for these packs
 */
export async function decodePackList(bytes: Buffer, blobs: readonly Pack['blob'][]): Promise<Pack[]> {
  const text = await promisify(zstdDecompress)(bytes, { maxOutputLength: LIMIT_BYTES });
  const rows = listSchema.parse(JSON.parse(text.toString('utf8')));
  if (rows.length !== blobs.length || rows.some(({ digest }, i) => digest !== blobs[i]!.digest))
    throw new Error('it lists other packs than its record');
  return rows.map(({ contents }, i) => ({ blob: blobs[i]!, contents: new Map(contents) }));
}

/**
 * What stays of the packs that are there, and what goes into new ones. A pack stays while half of it is of use; many
 * small ones are put together.
 * @param wanted bytes of each content that there is now, in the order in which they shall lie
 */
export function planPacks(
  old: readonly Pack[],
  wanted: ReadonlyMap<Digest, number>,
): { readonly kept: readonly Pack[]; readonly fresh: readonly ReadonlyMap<Digest, number>[] } {
  const useful = old.filter(({ contents }) => {
    const live = [...contents.keys()].filter((digest) => wanted.has(digest));
    return live.length > 0 && 2 * sum(live.map((digest) => contents.get(digest)!)) >= sum(contents.values());
  });
  const small = useful.filter(({ contents }) => sum(contents.values()) < SMALL_BYTES);
  const kept = small.length > MOST_SMALL ? useful.filter((pack) => !small.includes(pack)) : useful;
  const there = new Set(kept.flatMap(({ contents }) => [...contents.keys()]));
  const fresh: Map<Digest, number>[] = [];
  let [last, bytes] = [new Map<Digest, number>(), 0];
  for (const [digest, size] of wanted) {
    if (there.has(digest)) continue;
    if (last.size === 0 || bytes + size > PACK_BYTES) {
      [last, bytes] = [new Map(), 0];
      fresh.push(last);
    }
    last.set(digest, size);
    bytes += size;
  }
  return { kept, fresh };
}

function sum(numbers: Iterable<number>): number {
  let total = 0;
  for (const number of numbers) total += number;
  return total;
}
