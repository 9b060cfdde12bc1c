import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  constants,
  type Dirent,
  fchmodSync,
  fstatSync,
  opendirSync,
  openSync,
  renameSync,
  rmdirSync,
  unlinkSync,
} from 'node:fs';
import { setImmediate } from 'node:timers/promises';

const O_PATH = 0o10000000; // asm-generic/fcntl.h
const DIRECTORY = constants.O_DIRECTORY | constants.O_NOFOLLOW;
/** Files unlinked between two turns of the event loop: about 1 ms at 10 µs each. */
const SLICE = 100;
/** Open directories at once; what lies deeper is moved up first. Far below the usual 1024 descriptors. */
const MAX_DEPTH = 64;

/**
 * Removes a file or directory with all that is in it; one that is absent is removed already. Directories that deny
 * reading or writing (mode 000 in an overlay's work directory) are made accessible first where that is allowed. Symlinks
 * are never followed, not even when someone puts them in while this runs: every name is looked up in an open directory.
 * Mounts are the caller's concern (detach-mounts.ts).
 * @throws Error of the first thing that cannot be removed
 */
export async function removeTree(path: string): Promise<void> {
  const top = Buffer.from(path);
  let unlinked = 0;
  let moved = 0;
  const lifted = `.varve-${randomBytes(6).toString('hex')}-`; // unguessable: nobody can have taken the name

  const removeEntries = async (fd: number, topFd: number, depth: number): Promise<boolean> => {
    let found = false;
    const directory = opendirSync(inside(fd), { encoding: 'buffer' as BufferEncoding, bufferSize: 512 });
    try {
      for (let entry = directory.readSync(); entry; entry = directory.readSync()) {
        found = true;
        // With encoding 'buffer' names are Buffers; the types of opendir do not say so.
        const name = (entry as unknown as Dirent<Buffer>).name;
        const child = inside(fd, name);
        if (!entry.isDirectory() && unlink(child)) {
          if (++unlinked % SLICE === 0) await setImmediate();
        } else if (depth < MAX_DEPTH) await removeDirectory(child, topFd, depth + 1);
        else renameSync(child, inside(topFd, Buffer.from(lifted + moved++)));
      }
    } finally {
      directory.closeSync();
    }
    return found;
  };

  const removeDirectory = async (at: Buffer, topFd: number | undefined, depth: number): Promise<void> => {
    const fd = openDirectory(at);
    if (fd === undefined) return;
    try {
      // Once more after a pass that found something: names may have come up from below, or been skipped by readdir.
      while (await removeEntries(fd, topFd ?? fd, depth));
    } finally {
      closeSync(fd);
    }
    ignoreAbsent(() => rmdirSync(at));
  };

  if (!unlink(top)) await removeDirectory(top, undefined, 0);
}

function inside(fd: number, name?: Buffer): Buffer {
  const prefix = Buffer.from(`/proc/self/fd/${fd}${name ? '/' : ''}`);
  return name ? Buffer.concat([prefix, name]) : prefix;
}

/** False when it is a directory. */
function unlink(path: Buffer): boolean {
  try {
    unlinkSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EISDIR') return false; // what Linux says; POSIX has EPERM
    if (code !== 'ENOENT') throw error;
  }
  return true;
}

function openDirectory(path: Buffer): number | undefined {
  const fd = ignoreAbsent(() => {
    try {
      return openSync(path, constants.O_RDONLY | DIRECTORY);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EACCES') throw error;
      // Through the descriptor, because chmod by name would follow a symlink that has taken its place.
      const handle = openSync(path, O_PATH | DIRECTORY);
      try {
        chmodSync(inside(handle), 0o700);
      } finally {
        closeSync(handle);
      }
      return openSync(path, constants.O_RDONLY | DIRECTORY);
    }
  });
  if (fd !== undefined && (fstatSync(fd).mode & 0o300) !== 0o300) {
    try {
      fchmodSync(fd, 0o700);
    } catch {
      // Not the owner: unlinking tells whether the mode matters.
    }
  }
  return fd;
}

function ignoreAbsent<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
