import {
  chmodSync,
  constants,
  copyFileSync,
  lchownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  symlinkSync,
} from 'node:fs';
import { type BytePath, joinBytes, toFsPath } from './byte-path.ts';
import { type Libc, splitDevice } from './libc.ts';

/**
 * Copies a directory with all below: owners, modes, times, attributes and special files; by reflink where the filesystem
 * can. Directories that are there already are merged into. Hard links below it stay such, sockets are left out.
 * @param from absolute, as bytes, like `to`
 * @param skip tells paths below `from` that are left out, with all below
 */
export function copyTree(
  from: BytePath,
  to: BytePath,
  { libc, skip = () => false }: { libc: Libc; skip?(path: BytePath): boolean },
): void {
  /** Where the first name of a file with several was copied to. */
  const firsts = new Map<string, BytePath>();
  const copy = (path: BytePath): void => {
    const [source, target] = [joinBytes(from, path), joinBytes(to, path)];
    const [at, dest] = [toFsPath(source), toFsPath(target)];
    const stat = lstatSync(at, { bigint: true });
    if (stat.isSocket()) return;
    if (stat.nlink > 1n && !stat.isDirectory()) {
      const id = `${stat.dev}:${stat.ino}`;
      const first = firsts.get(id);
      if (first !== undefined) {
        linkSync(toFsPath(first), dest);
        return;
      }
      firsts.set(id, target);
    }
    if (stat.isDirectory()) {
      mkdirSync(dest, { recursive: true });
      for (const name of readdirSync(at, { encoding: 'latin1' })) {
        const child = joinBytes(path, name);
        if (!skip(child)) copy(child);
      }
    } else if (stat.isSymbolicLink()) symlinkSync(readlinkSync(at, { encoding: 'buffer' }), dest);
    else if (stat.isFile()) copyFileSync(at, dest, constants.COPYFILE_FICLONE);
    else libc.mknod(target, Number(stat.mode), ...splitDevice(stat.rdev));
    lchownSync(dest, Number(stat.uid), Number(stat.gid));
    if (!stat.isSymbolicLink()) {
      chmodSync(dest, Number(stat.mode & 0o7777n));
      for (const name of libc.listXattrs(source)) {
        const value = libc.getXattr(source, name);
        if (value !== undefined) libc.setXattr(target, name, value);
      }
    }
    libc.setTime(target, stat.mtimeNs);
  };
  copy('');
}
