import { constants } from 'node:fs';
import { chmod, copyFile, mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import * as z from 'zod';
import { VarveError } from '../errors.ts';
import { type BytePath, fromText, joinBytes, toFsPath, toText } from '../io/byte-path.ts';
import { createLimiter } from '../io/limiter.ts';
import { parseJson } from '../oci/parse-json.ts';
import { contentBlobs } from './content-blobs.ts';
import type { ContentBlob, ImageContent, IndexContent } from './image-content.ts';
import {
  blobName,
  emptyLayoutIndex,
  encodeIndex,
  LAYOUT_FILE,
  type LayoutIndex,
  layoutIndexSchema,
  layoutSchema,
  withContent,
} from './oci-layout.ts';
import { besideName, fileSink, writeBeside } from './write-beside.ts';

/** As many as layers are pulled at once. */
const BLOBS_AT_ONCE = 4;

/**
 * Writes an image or index as an OCI image layout directory, under each of `refNames`
 * (`org.opencontainers.image.ref.name`). A new directory appears whole or not at all. A layout that is there already is
 * added to: blobs first, then index.json in one step; an image that has one of the names loses it. Two processes that
 * add to one layout at once may lose the name of one, never a blob.
 * @param dest a byte string
 * @throws VarveError `OUTPUT_NOT_LAYOUT` when `dest` is something else, `REFERENCE_INVALID`; what `open` fails with
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md
 */
export async function writeOciLayout(
  dest: BytePath,
  content: ImageContent | IndexContent,
  refNames: readonly string[],
): Promise<void> {
  for (const name of refNames) checkRefName(name);
  const target = dest.length > 1 ? dest.replace(/\/+$/, '') : dest;
  const found = await inspect(target);
  if (found === 'layout') return addTo(target, content, refNames, await readLayoutIndex(target));
  if (found === 'empty') return addTo(target, content, refNames, emptyLayoutIndex);
  const temporary = besideName(target);
  try {
    await mkdir(toFsPath(temporary), { mode: 0o755 });
    await addTo(temporary, content, refNames, emptyLayoutIndex);
    await rename(toFsPath(temporary), toFsPath(target));
  } catch (error) {
    await rm(toFsPath(temporary), { recursive: true, force: true });
    throw error;
  }
}

/** @see https://github.com/opencontainers/image-spec/blob/v1.1.1/annotations.md (the grammar of ref.name) */
export function checkRefName(name: string): void {
  if (/^[A-Za-z0-9]+([-._:@/+]+[A-Za-z0-9]+)*$/.test(name)) return;
  throw new VarveError('REFERENCE_INVALID', `${JSON.stringify(name)} cannot name an image in an OCI layout`, {
    hint: 'letters and digits, with single - . _ : @ / + between them',
  });
}

/** @throws VarveError `OUTPUT_NOT_LAYOUT` */
export async function readLayoutIndex(dir: BytePath): Promise<LayoutIndex> {
  return readJson(joinBytes(dir, 'index.json'), layoutIndexSchema, dir);
}

async function inspect(dest: BytePath): Promise<'absent' | 'empty' | 'layout'> {
  const names = await readdir(toFsPath(dest)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    if (error.code === 'ENOTDIR') throw notLayout(dest, 'it is not a directory');
    throw error;
  });
  if (!names) return 'absent';
  if (names.length === 0) return 'empty';
  if (!names.includes('oci-layout')) throw notLayout(dest, 'it is not empty and has no file oci-layout');
  await readJson(joinBytes(dest, 'oci-layout'), layoutSchema, dest);
  // A layout whose first image never became complete has no index yet.
  return names.includes('index.json') ? 'layout' : 'empty';
}

async function readJson<T>(path: BytePath, schema: z.ZodType<T>, dir: BytePath): Promise<T> {
  const name = toText(path.slice(dir.length + 1));
  let json: unknown;
  try {
    json = parseJson(await readFile(toFsPath(path)));
  } catch (error) {
    throw notLayout(dir, `${name} cannot be read: ${(error as Error).message}`);
  }
  const parsed = schema.safeParse(json);
  if (!parsed.success) throw notLayout(dir, `${name} is not as it should be: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}

async function addTo(
  dir: BytePath,
  content: ImageContent | IndexContent,
  refNames: readonly string[],
  index: LayoutIndex,
): Promise<void> {
  await mkdir(toFsPath(joinBytes(dir, 'blobs/sha256')), { recursive: true, mode: 0o755 });
  await addBlobs(dir, contentBlobs(content));
  const put = (name: string, bytes: Buffer): Promise<void> =>
    writeBeside(joinBytes(dir, name), async (file) => void (await file.writeFile(bytes)));
  await put('oci-layout', LAYOUT_FILE);
  await put('index.json', encodeIndex(withContent(index, content, refNames)));
}

/** The first failure ends the others; nothing is written any more when it is thrown. */
async function addBlobs(dir: BytePath, blobs: readonly ContentBlob[]): Promise<void> {
  const failed = new AbortController();
  const limiter = createLimiter(BLOBS_AT_ONCE);
  const add = async (blob: ContentBlob): Promise<void> => {
    if (failed.signal.aborted) return;
    await addBlob(dir, blob, failed.signal).catch((error: unknown) => failed.abort(error));
  };
  await Promise.all(blobs.map((blob) => limiter.run(() => add(blob))));
  failed.signal.throwIfAborted();
}

/** What `open` gives is checked where it comes from: a second hash of 1 GB takes 0.6 s. */
async function addBlob(
  dir: BytePath,
  { descriptor, bytes, open, path }: ContentBlob,
  signal: AbortSignal,
): Promise<void> {
  const dest = joinBytes(dir, fromText(blobName(descriptor.digest)));
  const there = await stat(toFsPath(dest)).catch(() => undefined);
  if (there?.isFile() && there.size === descriptor.size) return;
  if (path !== undefined && (await copyBlob(path, dest, descriptor.size))) return;
  await writeBeside(dest, async (file) => {
    await pipeline(open(), fileSink(file, bytes ? 'lent' : 'given'), { signal });
  });
}

/**
 * A reflink where the filesystem can, else a copy in the kernel. Never a hard link: the directory is the user's, and
 * writing to a blob there must not reach the store.
 */
async function copyBlob(from: BytePath, dest: BytePath, size: number): Promise<boolean> {
  const temporary = besideName(dest);
  try {
    await copyFile(toFsPath(from), toFsPath(temporary), constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL);
    await chmod(toFsPath(temporary), 0o644);
    if ((await stat(toFsPath(temporary))).size !== size) return false;
    await rename(toFsPath(temporary), toFsPath(dest));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  } finally {
    await rm(toFsPath(temporary), { force: true });
  }
}

function notLayout(dest: BytePath, why: string): VarveError {
  return new VarveError('OUTPUT_NOT_LAYOUT', `${toText(dest)} cannot be used as an OCI layout: ${why}`, {
    hint: 'name a directory that does not exist, an empty one, or an OCI image layout',
  });
}
