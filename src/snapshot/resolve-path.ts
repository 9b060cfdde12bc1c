import { VarveError } from '../errors.ts';
import { type BytePath, joinBytes, parentOf, toText } from '../io/byte-path.ts';
import type { Entry } from './entry.ts';
import type { FileSource } from './file-source.ts';

/** As containerd's fs.RootPath (continuity fs/path.go). */
const MAX_LINKS = 255;

/**
 * Follows symlinks component by component as the kernel's RESOLVE_IN_ROOT does: an absolute link starts at the
 * source's root, `..` stops there. Components that are not there are kept as they are, so that the result says where
 * the path would be made.
 * @param options.followLast whether a symlink at the path's end is followed; one before a slash always is
 * @returns the path without links, and what is there
 * @throws VarveError `SYMLINK_LOOP` after 255 links
 * @see https://man7.org/linux/man-pages/man2/openat2.2.html
 */
export async function resolvePath(
  source: Pick<FileSource, 'lookup'>,
  path: BytePath,
  options: { readonly followLast: boolean },
): Promise<{ path: BytePath; entry: Entry | undefined }> {
  const pending = path.split('/').reverse();
  let current: BytePath = '';
  let entry: Entry | undefined;
  let known = false;
  for (let links = 0; pending.length > 0; ) {
    const part = pending.pop()!;
    if (part === '' || part === '.') continue;
    if (part === '..') {
      current = parentOf(current);
      known = false;
      continue;
    }
    const next = joinBytes(current, part);
    entry = await source.lookup(next);
    known = true;
    if (entry?.type === 'symlink' && (options.followLast || pending.length > 0)) {
      if (++links > MAX_LINKS)
        throw new VarveError(
          'SYMLINK_LOOP',
          `too many symbolic links in '${toText(path)}', the last is '${toText(next)}'`,
        );
      const target = entry.target ?? '';
      if (target.startsWith('/')) current = '';
      pending.push(...target.split('/').reverse());
      known = false;
      continue;
    }
    current = next;
  }
  return { path: current, entry: known ? entry : await source.lookup(current) };
}
