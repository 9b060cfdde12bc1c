import { constants } from 'node:os';
import koffi from 'koffi';

/** The calls that Node's fs lacks. Paths are byte strings (latin1); a failure throws an Error with `code` and `syscall`. */
export interface Libc {
  /** Names of all extended attributes, not following a last symlink. */
  listXattrs(path: string): string[];
  getXattr(path: string, name: string): Buffer | undefined;
  setXattr(path: string, name: string, value: Buffer): void;
  removeXattr(path: string, name: string): void;
  /** `mode` with the S_IF bits. */
  mknod(path: string, mode: number, major: number, minor: number): void;
  /** Sets mtime (and atime the same) in ns, not following a last symlink. */
  setTime(path: string, mtimeNs: bigint): void;
  /** The same of an open file. */
  setFileTime(fd: number, mtimeNs: bigint): void;
  umask(mask: number): number;
  /**
   * Fills `into`, 256 bytes, with a struct statx (linux/stat.h). A relative path is below the directory that `dir` is a
   * descriptor of. Not following a last symlink.
   * @returns false when nothing is there
   */
  statx(dir: number, path: string, into: Buffer): boolean;
}

const AT_FDCWD = -100;
const AT_SYMLINK_NOFOLLOW = 0x100;
const STATX_BASIC_STATS_AND_BTIME = 0xfff;
const PATH_MAX = 4096; // linux/limits.h, the NUL included
const NS = 1_000_000_000n;

/** Binds glibc or musl of the running process. Linux only. */
export function loadLibc(): Libc {
  const lib = koffi.load(null);
  const llistxattr = lib.func('int64_t llistxattr(const void *path, _Out_ void *list, size_t size)');
  const lgetxattr = lib.func('int64_t lgetxattr(const void *path, const char *name, _Out_ void *value, size_t size)');
  const lsetxattr = lib.func(
    'int lsetxattr(const void *path, const char *name, const void *value, size_t size, int flags)',
  );
  const lremovexattr = lib.func('int lremovexattr(const void *path, const char *name)');
  const cMknod = lib.func('int mknod(const void *path, uint32_t mode, uint64_t dev)');
  const utimensat = lib.func('int utimensat(int dir, const void *path, const void *times, int flags)');
  const futimens = lib.func('int futimens(int fd, const void *times)');
  const cStatx = lib.func('int statx(int dir, const void *path, int flags, uint32_t mask, _Out_ void *into)');
  const pathScratch = Buffer.alloc(PATH_MAX);
  const cUmask = lib.func('uint32_t umask(uint32_t mask)');
  const scratch = Buffer.alloc(65536); // XATTR_SIZE_MAX, XATTR_LIST_MAX (linux/limits.h)

  const fail = (syscall: string, path: string): never => {
    const number = koffi.errno();
    const code = Object.entries(constants.errno).find(([, value]) => value === number)?.[0] ?? `E${number}`;
    throw Object.assign(new Error(`${code}: ${syscall} '${Buffer.from(path, 'latin1').toString()}'`), {
      code,
      syscall,
      errno: -number,
    });
  };
  const times = Buffer.alloc(32); // struct timespec[2]
  /** For atime and mtime. */
  const twice = (ns: bigint): Buffer => {
    const seconds = ns >= 0n ? ns / NS : -((-ns + NS - 1n) / NS);
    times.writeBigInt64LE(seconds, 0);
    times.writeBigInt64LE(ns - seconds * NS, 8);
    times.copy(times, 16, 0, 16);
    return times;
  };
  const cPath = (path: string): Buffer => Buffer.from(`${path}\0`, 'latin1');

  return {
    listXattrs(path) {
      const size = llistxattr(cPath(path), scratch, scratch.length) as number;
      if (size === 0) return [];
      if (size < 0) return koffi.errno() === constants.errno.EOPNOTSUPP ? [] : fail('llistxattr', path);
      return scratch.toString('latin1', 0, size - 1).split('\0');
    },
    getXattr(path, name) {
      const size = lgetxattr(cPath(path), name, scratch, scratch.length) as number;
      if (size >= 0) return Buffer.from(scratch.subarray(0, size));
      const number = koffi.errno();
      return number === ENODATA || number === constants.errno.EOPNOTSUPP ? undefined : fail('lgetxattr', path);
    },
    setXattr(path, name, value) {
      if (lsetxattr(cPath(path), name, value.length ? value : Buffer.alloc(1), value.length, 0) !== 0)
        fail('lsetxattr', path);
    },
    removeXattr(path, name) {
      if (lremovexattr(cPath(path), name) !== 0 && koffi.errno() !== ENODATA) fail('lremovexattr', path);
    },
    mknod(path, mode, major, minor) {
      if (cMknod(cPath(path), mode, makeDevice(major, minor)) !== 0) fail('mknod', path);
    },
    setTime(path, mtimeNs) {
      if (utimensat(AT_FDCWD, cPath(path), twice(mtimeNs), AT_SYMLINK_NOFOLLOW) !== 0) fail('utimensat', path);
    },
    setFileTime(fd, mtimeNs) {
      if (futimens(fd, twice(mtimeNs)) !== 0) fail('futimens', `descriptor ${fd}`);
    },
    umask: (mask) => cUmask(mask) as number,
    statx(dir, path, into) {
      // 100,000 calls: 0.5 s of processor time, of which 0.3 the kernel's; lstat with bigints and whole paths takes 1.0.
      if (path.length >= PATH_MAX) throw Object.assign(new Error('ENAMETOOLONG: statx'), { code: 'ENAMETOOLONG' });
      pathScratch[pathScratch.write(path, 'latin1')] = 0;
      if (cStatx(dir, pathScratch, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS_AND_BTIME, into) === 0) return true;
      return koffi.errno() === constants.errno.ENOENT ? false : fail('statx', path);
    },
  };
}

const ENODATA = 61; // asm-generic/errno.h; Node's os.constants has it, under the same number

/** The st_dev of its numbers, glibc's gnu_dev_makedev: 32 bits of major, 32 of minor, interleaved. */
export function makeDevice(major: number, minor: number): bigint {
  const M = BigInt(major);
  const m = BigInt(minor);
  return ((M & 0xfffff000n) << 32n) | ((M & 0xfffn) << 8n) | ((m & 0xffffff00n) << 12n) | (m & 0xffn);
}

/** [major, minor] of an st_rdev. */
export function splitDevice(dev: bigint): [major: number, minor: number] {
  return [
    Number(((dev >> 32n) & 0xfffff000n) | ((dev >> 8n) & 0xfffn)),
    Number(((dev >> 12n) & 0xffffff00n) | (dev & 0xffn)),
  ];
}
