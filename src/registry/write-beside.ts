import { randomBytes } from 'node:crypto';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { type BytePath, baseOf, joinBytes, parentOf, toFsPath } from '../io/byte-path.ts';

/** A name that is free, in the same directory: `.app.tar.varve-1f2e3d4c5b6a`. */
export function besideName(dest: BytePath): BytePath {
  const name = `.${baseOf(dest)}.varve-${randomBytes(6).toString('hex')}`;
  const parent = parentOf(dest);
  return parent === '' && dest.startsWith('/') ? `/${name}` : joinBytes(parent, name);
}

/**
 * Makes a file whole or not at all: `fill` writes to a new file beside it, which is synced and renamed over `dest`.
 * After a failure `dest` is as it was.
 */
export async function writeBeside(dest: BytePath, fill: (file: FileHandle) => Promise<void>): Promise<void> {
  const temporary = besideName(dest);
  const file = await open(toFsPath(temporary), 'wx', 0o644);
  try {
    try {
      await fill(file);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(toFsPath(temporary), toFsPath(dest));
  } catch (error) {
    await rm(toFsPath(temporary), { force: true });
    throw error;
  }
}
