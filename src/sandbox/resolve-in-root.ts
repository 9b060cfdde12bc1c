import { lstatSync, readlinkSync } from 'node:fs';
import { VarveError } from '../errors.ts';
import { type BytePath, toFsPath, toText } from '../io/byte-path.ts';

/** MAXSYMLINKS of the kernel (linux/namei.h). */
const MAX_LINKS = 40;

/**
 * Where a path leads when `root` is the root directory, as the kernel's RESOLVE_IN_ROOT: component by component, absolute
 * links and `..` stay inside. What does not exist is taken as it is written. For trees that nobody changes meanwhile.
 * @returns absolute below the root, without links; `/` alone is ''
 * @throws VarveError `SANDBOX_MOUNT` for a ring of links
 */
export function resolveInRoot(root: BytePath, path: BytePath): BytePath {
  let at = '';
  const rest = path.split('/');
  for (let links = 0; rest.length > 0; ) {
    const name = rest.shift()!;
    if (name === '' || name === '.') continue;
    if (name === '..') {
      at = at.slice(0, Math.max(at.lastIndexOf('/'), 0));
      continue;
    }
    const next = `${at}/${name}`;
    const full = toFsPath(root + next);
    if (!lstatSync(full, { throwIfNoEntry: false })?.isSymbolicLink()) {
      at = next;
      continue;
    }
    if (++links > MAX_LINKS) {
      throw new VarveError('SANDBOX_MOUNT', `too many symbolic links in the mount target ${toText(path)}`);
    }
    const link = readlinkSync(full, { encoding: 'latin1' });
    if (link.startsWith('/')) at = '';
    rest.unshift(...link.split('/'));
  }
  return at;
}

/** Whether every component of a path below the root is a directory itself, not a link to one. */
export function isPlainDirectory(root: BytePath, path: BytePath): boolean {
  let at = root;
  for (const name of path.split('/').filter(Boolean)) {
    at = `${at}/${name}`;
    if (!lstatSync(toFsPath(at), { throwIfNoEntry: false })?.isDirectory()) return false;
  }
  return true;
}
