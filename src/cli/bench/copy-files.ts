import { createHash, type Hash } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  constants,
  copyFileSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  symlinkSync,
  utimesSync,
} from 'node:fs';
import { join } from 'node:path';

/** Bytes read at once. */
const CHUNK = 1 << 20;

/**
 * Copies files, directories and links, with their modes and times, and without sockets and devices.
 * @param skip absolute paths that are left out with all below
 * @returns a digest of names, modes and contents
 */
export function copyFiles(from: string, to: string, skip: ReadonlySet<string>): string {
  const hash = createHash('sha256');
  const copy = (path: string): void => {
    const [source, target] = [join(from, path), join(to, path)];
    if (skip.has(source)) return;
    const stat = lstatSync(source);
    hash.update(`${Buffer.byteLength(path)} ${path} ${stat.mode} ${stat.isFile() ? stat.size : ''}\n`);
    if (stat.isDirectory()) {
      mkdirSync(target, { recursive: true });
      for (const name of readdirSync(source).sort()) copy(join(path, name));
    } else if (stat.isSymbolicLink()) {
      const link = readlinkSync(source);
      hash.update(`${Buffer.byteLength(link)} ${link}`);
      symlinkSync(link, target);
    } else if (stat.isFile()) {
      copyFileSync(source, target, constants.COPYFILE_FICLONE);
      hashFile(target, hash);
    } else return;
    if (stat.isSymbolicLink()) return;
    chmodSync(target, stat.mode & 0o7777);
    utimesSync(target, stat.atime, stat.mtime);
  };
  copy('');
  return hash.digest('hex');
}

function hashFile(path: string, hash: Hash): void {
  const [file, chunk] = [openSync(path, 'r'), Buffer.allocUnsafe(CHUNK)];
  try {
    for (let size = readSync(file, chunk); size > 0; size = readSync(file, chunk)) hash.update(chunk.subarray(0, size));
  } finally {
    closeSync(file);
  }
}
