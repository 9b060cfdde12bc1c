import { constants } from 'node:os';
import koffi from 'koffi';
import { VarveError } from '../errors.ts';

/** The calls of the kernel that Node lacks and the store needs. */
export interface KernelCalls {
  /**
   * Takes the exclusive lock of an open file without waiting; false when another open file description has it.
   * The kernel gives it back when the descriptor is closed, however the process ends.
   * @throws VarveError `STORE_LOCK` when the file system has no locks
   */
  tryLock(fd: number): boolean;
  /** Waits for the shared lock of an open file: for files whose exclusive lock is held for a moment only. */
  lockShared(fd: number): void;
  /** As tryLock(), shared. */
  tryLockShared(fd: number): boolean;
  unlock(fd: number): void;
  /** Detaches the mount at a path (latin1 byte string) and does not follow a last symlink. An Error says why not. */
  detachMount(path: string): void;
}

const LOCK_SH = 1; // asm-generic/fcntl.h
const LOCK_EX = 2;
const LOCK_NB = 4;
const LOCK_UN = 8;
const MNT_DETACH = 2; // linux/fs.h
const UMOUNT_NOFOLLOW = 8;

/** Binds the C library of the running process. Linux only. */
export function loadKernelCalls(): KernelCalls {
  const lib = koffi.load(null);
  const flock = lib.func('int flock(int fd, int operation)');
  const umount2 = lib.func('int umount2(const void *target, int flags)');

  const errnoName = (): string => {
    const number = koffi.errno();
    return Object.entries(constants.errno).find(([, value]) => value === number)?.[0] ?? `E${number}`;
  };

  const lock = (fd: number, operation: number): boolean => {
    for (;;) {
      if (flock(fd, operation) === 0) return true;
      const code = errnoName();
      if (code === 'EINTR') continue;
      if (code === 'EAGAIN' || code === 'EWOULDBLOCK') return false;
      throw new VarveError('STORE_LOCK', `the store's file system refuses file locks (flock: ${code})`, {
        hint: 'put the store on a local file system: VARVE_STORE names its directory',
      });
    }
  };

  return {
    tryLock: (fd) => lock(fd, LOCK_EX | LOCK_NB),
    lockShared: (fd) => void lock(fd, LOCK_SH),
    tryLockShared: (fd) => lock(fd, LOCK_SH | LOCK_NB),
    unlock: (fd) => void lock(fd, LOCK_UN),
    detachMount(path) {
      if (umount2(Buffer.from(`${path}\0`, 'latin1'), MNT_DETACH | UMOUNT_NOFOLLOW) === 0) return;
      const code = errnoName();
      throw Object.assign(new Error(`${code}: umount2 '${Buffer.from(path, 'latin1').toString()}'`), { code });
    },
  };
}
