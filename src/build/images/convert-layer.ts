import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { fromText, joinBytes } from '../../io/byte-path.ts';
import { assembleLayer } from '../../layer/assemble-layer.ts';
import { FORMAT } from '../../layer/format.ts';
import { recompressLayer } from '../../layer/recompress-layer.ts';
import { unpackLayer } from '../../layer/unpack-layer.ts';
import { writeEstargz } from '../../layer/write-estargz.ts';
import { descriptorSchema, digestSchema } from '../../oci/descriptor.ts';
import { digestHex, digestOf } from '../../oci/digest.ts';
import type { LayerItem } from '../../snapshot/entry.ts';
import type { Services } from '../services.ts';
import type { LayerForm } from './image-form.ts';
import type { LayerRef } from './layer-ref.ts';

/** What becomes of a layer on its way out. */
export interface LayerChange {
  readonly form: LayerForm;
  /** mtimes after it become it, ns since 1970. */
  readonly newest?: bigint;
}

const convertedSchema = z.object({ descriptor: descriptorSchema, diffId: digestSchema });
type Converted = z.infer<typeof convertedSchema>;

/**
 * The layer in another form, kept in the store: what is asked for twice is made once. Without `newest`, and unless it
 * becomes an eStargz, its tar stream and diffID stay.
 * @throws VarveError as pulling and unpacking it
 */
export async function convertLayer(layer: LayerRef, change: LayerChange, services: Services): Promise<LayerRef> {
  const { store, files } = services;
  const { method, level } = change.form;
  const library = method === 'zstd' ? process.versions.zstd : process.versions.zlib;
  const id = [FORMAT, layer.descriptor.digest, method, level, library, process.arch, change.newest ?? 'as they are'];
  const key = `convert/${digestHex(digestOf(JSON.stringify(id.map(String))))}`;
  const known = readRow(await store.catalog.get('history', key));
  if (known && (await store.blobs.has(known.descriptor.digest))) return refOf(layer, known);
  await files.pull(layer);
  const made = await convert(layer, change, services);
  await store.catalog.write([{ type: 'put', space: 'history', key, value: Buffer.from(JSON.stringify(made)) }]);
  return refOf(layer, made);
}

/** The new bytes are in this store only. */
function refOf({ created }: LayerRef, { descriptor, diffId }: Converted): LayerRef {
  return { descriptor, diffId, ...(created === undefined ? {} : { created }) };
}

async function convert(layer: LayerRef, { form, newest }: LayerChange, services: Services): Promise<Converted> {
  const { store, libc, xattrs, unpackLimits, frames, signal } = services;
  const { method, level } = form;
  const { blobs } = store;
  const { digest, size, mediaType } = layer.descriptor;
  const expected = { digest, size, diffId: layer.diffId };
  if (method !== 'estargz' && newest === undefined)
    return recompressLayer(blobs.open(digest), { expected, compression: method, level, blobs, signal });
  const temp = await store.makeTemp('convert');
  try {
    const dest = join(temp.path, 'fs');
    await mkdir(dest);
    const limits = unpackLimits ? { limits: unpackLimits } : {};
    const source = blobs.path(digest);
    const { items } = await unpackLayer({
      source,
      mediaType,
      expected,
      dest,
      whiteouts: xattrs,
      libc,
      signal,
      ...limits,
    });
    const content = async (path: string) => ({ path: joinBytes(fromText(dest), path) });
    const clamped = newest === undefined ? items : items.map((item) => clamp(item, newest));
    if (method === 'estargz') return await writeEstargz(clamped, { level, blobs, content, signal });
    return await assembleLayer(clamped, { compression: method, level, blobs, cache: frames, content, signal });
  } finally {
    await temp.remove();
  }
}

/** As BuildKit's rewrite-timestamp: what is older stays as it is. */
function clamp(item: LayerItem, newest: bigint): LayerItem {
  if (item.kind !== 'entry' || item.entry.mtime <= newest) return item;
  return { ...item, entry: { ...item.entry, mtime: newest } };
}

function readRow(row: Buffer | undefined): Converted | undefined {
  if (!row) return undefined;
  try {
    return convertedSchema.safeParse(JSON.parse(row.toString('utf8'))).data;
  } catch {
    return undefined;
  }
}
