import { readdirSync } from 'node:fs';
import { type BytePath, joinBytes, toFsPath } from '../io/byte-path.ts';
import type { FileSource } from './file-source.ts';
import { statFile } from './file-stat.ts';

/**
 * Whether a context's directory may be shown to a RUN as it lies on disk: nothing below `path` is hidden from the source,
 * everything is root's (as all files of a context are for an image), and no other filesystem is mounted below. The root
 * of the context may be anybody's: whoever shows it gives it an owner.
 * @param full where a path of the source is
 */
export async function isVerbatim(
  source: Pick<FileSource, 'lookup' | 'list'>,
  path: BytePath,
  full: (path: BytePath) => BytePath,
): Promise<boolean> {
  const entry = await source.lookup(path);
  if (!entry || (path !== '' && (entry.uid !== 0 || entry.gid !== 0))) return false;
  return entry.type !== 'dir' || isVerbatimDirectory(source, path, full, statFile(full(path))?.stat.dev);
}

async function isVerbatimDirectory(
  source: Pick<FileSource, 'list'>,
  path: BytePath,
  full: (path: BytePath) => BytePath,
  device: bigint | undefined,
): Promise<boolean> {
  const at = full(path);
  const children = await source.list(path);
  if (statFile(at)?.stat.dev !== device || readdirSync(toFsPath(at)).length !== children.length) return false;
  for (const { name, entry } of children) {
    if (entry.uid !== 0 || entry.gid !== 0) return false;
    if (entry.type === 'dir' && !(await isVerbatimDirectory(source, joinBytes(path, name), full, device))) return false;
  }
  return true;
}
