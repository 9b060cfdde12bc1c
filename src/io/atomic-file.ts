import { randomBytes } from 'node:crypto';
import { link, open, rename, rm } from 'node:fs/promises';

/** As files are made where nothing else is said; the umask is taken off. */
const MODE = 0o666;

/**
 * Writes a small file so that a reader sees the old bytes or the new ones, never a part, and a crash leaves one of both.
 * @param temp a path for the half-written file, on the same file system; default: beside `path`
 */
export async function replaceFile(
  path: string,
  data: string | Uint8Array,
  temp = besideOf(path),
  mode = MODE,
): Promise<void> {
  await writeSynced(temp, data, mode);
  try {
    await rename(temp, path);
  } catch (error) {
    await rm(temp, { force: true });
    throw error;
  }
}

/**
 * The same for a file that must not exist yet. When it does, it stays as it is.
 * @returns whether this call made it
 */
export async function createFile(path: string, data: string | Uint8Array, temp = besideOf(path)): Promise<boolean> {
  await writeSynced(temp, data);
  try {
    await link(temp, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(temp, { force: true });
  }
}

/** Removes what it made when it fails, and nothing that was there before. */
async function writeSynced(path: string, data: string | Uint8Array, mode = MODE): Promise<void> {
  const file = await open(path, 'wx', mode);
  try {
    await file.writeFile(data);
    await file.sync();
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  } finally {
    await file.close();
  }
}

/** A free name in the same directory. */
export function besideOf(path: string): string {
  return `${path}.${randomBytes(6).toString('hex')}.tmp`;
}
