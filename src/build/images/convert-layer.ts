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
import { type Digest, digestHex, digestOf } from '../../oci/digest.ts';
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

const convertedSchema = z.object({
  descriptor: descriptorSchema,
  diffId: digestSchema,
  /** As a step's record has them (src/build/cache/records.ts). */
  origin: z.object({ registry: z.string(), repository: z.string() }).optional(),
  signer: z.string().optional(),
  kept: z.array(z.string()).optional(),
});
type Converted = z.infer<typeof convertedSchema>;

/**
 * The layer in another form, kept in the store and in the cache: what is asked for twice is made once. Without `newest`, and unless it
 * becomes an eStargz, its tar stream and diffID stay.
 * @throws VarveError as pulling and unpacking it
 */
export async function convertLayer(layer: LayerRef, change: LayerChange, services: Services): Promise<LayerRef> {
  const { store, files, lost } = services;
  const { method, level } = change.form;
  const library = method === 'zstd' ? process.versions.zstd : process.versions.zlib;
  const id = [FORMAT, layer.descriptor.digest, method, level, library, process.arch, change.newest ?? 'as they are'];
  const name = digestOf(JSON.stringify(id.map(String)));
  const key = `convert/${digestHex(name)}`;
  const keep = (made: Converted): Promise<void> =>
    store.catalog.write([{ type: 'put', space: 'history', key, value: Buffer.from(JSON.stringify(made)) }]);
  const row = readRow(await store.catalog.get('history', key));
  const known = row && (await store.blobs.has(row.descriptor.digest)) && isTrusted(row, services) ? row : undefined;
  const found = known ?? (await fromCache(name, layer, change, services));
  const made = found ?? (await makeForm(layer, change, services));
  if (made !== known) await keep(made);
  await share(name, made, { isSeen: made !== known, keep }, services);
  return refOf(layer, made);

  async function makeForm(...given: Parameters<typeof convert>): Promise<Converted> {
    await files.pull(layer);
    const converted = await convert(...given);
    const { digest } = converted.descriptor;
    if (lost.has(digest)) lost.set(digest, 'made again');
    return converted;
  }
}

/** What another machine made of the layer. One that keeps its tar stream must have the layer's own diffID. */
async function fromCache(
  name: Digest,
  layer: LayerRef,
  { form, newest }: LayerChange,
  services: Services,
): Promise<Converted | undefined> {
  const found = await services.remote?.records.form(name);
  if (!found || services.lost.get(found.descriptor.digest) === 'lost') return undefined;
  const isSameStream = form.method !== 'estargz' && newest === undefined;
  if (isSameStream && found.diffId !== layer.diffId) return undefined;
  const { kept, ...rest } = found;
  return { ...rest, ...(kept ? { kept: [...kept] } : {}) };
}

/** Puts it into the cache that is written to, beside the build. */
async function share(
  name: Digest,
  made: Converted,
  { isSeen, keep }: { readonly isSeen: boolean; readonly keep: (made: Converted) => Promise<void> },
  { remote }: Pick<Services, 'remote'>,
): Promise<void> {
  const uploads = remote?.uploads;
  if (!uploads || (isSeen && uploads.has(made))) return;
  uploads.addForm(name, made, (place) => keep({ ...made, kept: [...new Set([...(made.kept ?? []), place])] }));
}

function isTrusted({ descriptor, signer }: Converted, { lost, cache }: Pick<Services, 'lost' | 'cache'>): boolean {
  if (lost.get(descriptor.digest) === 'lost') return false;
  return !cache?.signer || signer === undefined || signer === cache.signer.id;
}

function refOf({ created }: LayerRef, { descriptor, diffId, origin }: Converted): LayerRef {
  const more = { ...(created === undefined ? {} : { created }), ...(origin ? { origin } : {}) };
  return { descriptor, diffId, isConverted: true, ...more };
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
