import { readFile } from 'node:fs/promises';
import { VarveError } from '../errors.ts';
import { type BytePath, toFsPath } from '../io/byte-path.ts';
import type { FileSource } from '../snapshot/file-source.ts';
import { resolvePath } from '../snapshot/resolve-path.ts';

/** passwd and group files above this are refused, as BuildKit does. */
const LIMIT_BYTES = 10 * 1024 * 1024; // 10 MiB

/**
 * A small regular file of a snapshot, symlinks followed inside it; undefined when it is not there.
 * @throws VarveError `FILE_UNUSABLE` for a file over 10 MiB or something that is no file
 */
export async function readSmallFile(source: FileSource, path: BytePath): Promise<Buffer | undefined> {
  const { path: real, entry } = await resolvePath(source, path, { followLast: true });
  if (!entry) return undefined;
  if (entry.type !== 'file') throw new VarveError('FILE_UNUSABLE', `/${path} in the image is not a regular file`);
  if (entry.size > LIMIT_BYTES) throw new VarveError('FILE_UNUSABLE', `/${path} in the image is larger than 10 MiB`);
  const content = await source.content(real, entry);
  return 'bytes' in content ? content.bytes : readFile(toFsPath(content.path));
}
