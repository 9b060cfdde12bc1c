import { promisify } from 'node:util';
import { zstdCompress, zstdDecompress } from 'node:zlib';
import * as z from 'zod';
import { digestSchema } from '../oci/descriptor.ts';
import type { Entry, LayerItem } from './entry.ts';

/** Most that a list may unpack to: 1 KiB for each of 500,000 files. */
const LIMIT_BYTES = 512 * 1024 * 1024;

const byteString = z.string().regex(/^[\u0000-\u00ff]*$/);
const integer = z.number().int().nonnegative();
const entrySchema = z.strictObject({
  type: z.enum(['file', 'dir', 'symlink', 'char', 'block', 'fifo']),
  mode: integer.max(0o7777),
  uid: integer,
  gid: integer,
  mtime: z.string().regex(/^-?\d{1,30}$/),
  size: integer,
  digest: digestSchema.optional(),
  target: byteString.optional(),
  device: z.tuple([integer, integer]).optional(),
  xattrs: z.array(z.tuple([z.string(), z.string().regex(/^([0-9a-f]{2})*$/)])).optional(),
  hardlink: z.string().optional(),
});
const itemSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('entry'), path: byteString, entry: entrySchema }),
  z.strictObject({ kind: z.enum(['whiteout', 'opaque']), path: byteString }),
]);

/**
 * What a step changed, as one zstd frame of JSON: every entry with its content's digest, whiteouts, opaque directories.
 * Paths are byte strings. About 90 bytes for each file, most of them its digest.
 */
export async function encodeChanges(items: readonly LayerItem[]): Promise<Buffer> {
  const rows = items.map((item) => (item.kind === 'entry' ? { ...item, entry: plainEntry(item.entry) } : item));
  return promisify(zstdCompress)(Buffer.from(JSON.stringify(rows), 'utf8'));
}

/** @throws Error when the bytes are not what {@link encodeChanges} gives */
export async function decodeChanges(bytes: Buffer): Promise<LayerItem[]> {
  const text = await promisify(zstdDecompress)(bytes, { maxOutputLength: LIMIT_BYTES });
  const rows: unknown = JSON.parse(text.toString('utf8'));
  if (!Array.isArray(rows)) throw new Error('not a list of changes');
  return rows.map((row) => {
    const item = itemSchema.parse(row);
    return item.kind === 'entry' ? { ...item, entry: readEntry(item.entry) } : item;
  });
}

/** In one order of fields, whoever made the entry: the same changes are the same blob. */
function plainEntry(entry: Entry): z.infer<typeof entrySchema> {
  const { type, mode, uid, gid, mtime, size, digest, target, device, xattrs, hardlink } = entry;
  return {
    type,
    mode,
    uid,
    gid,
    mtime: String(mtime),
    size,
    digest,
    target,
    device: device && [device[0], device[1]],
    xattrs: xattrs?.map(([name, value]) => [name, value.toString('hex')]),
    hardlink,
  };
}

function readEntry({ mtime, xattrs, digest, target, device, hardlink, ...plain }: z.infer<typeof entrySchema>): Entry {
  if ((plain.type === 'file') !== (digest !== undefined)) throw new Error('a file has a digest, and nothing else');
  if ((plain.type === 'symlink') !== (target !== undefined)) throw new Error('a symlink has a target');
  if ((plain.type === 'char' || plain.type === 'block') !== (device !== undefined))
    throw new Error('a device has numbers');
  return {
    ...plain,
    mtime: BigInt(mtime),
    ...(digest === undefined ? {} : { digest }),
    ...(target === undefined ? {} : { target }),
    ...(device === undefined ? {} : { device }),
    ...(xattrs ? { xattrs: xattrs.map(([name, value]) => [name, Buffer.from(value, 'hex')] as const) } : {}),
    ...(hardlink === undefined ? {} : { hardlink }),
  };
}
