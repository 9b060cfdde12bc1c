import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  ftruncateSync,
  lchownSync,
  linkSync,
  mkdirSync,
  openSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { type BytePath, joinBytes, toFsPath } from '../io/byte-path.ts';
import type { Libc } from '../io/libc.ts';
import { tryMakeDevice } from '../io/make-device.ts';
import type { Entry } from '../snapshot/entry.ts';
import { diskError } from './disk-error.ts';
import type { Change, DirNode, Node } from './entry-tree.ts';

/** Made and removed before anything else is in the directory. */
const PROBE_NAME = '.varve-probe';
const MODE_BITS = { char: constants.S_IFCHR, block: constants.S_IFBLK, fifo: constants.S_IFIFO } as const;
const CREATE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
/** A chunk of zeros becomes a hole where a file system can have one: sparse files stay sparse. */
const ZEROS = Buffer.alloc(1024 * 1024);
const LEAST_HOLE = 4096;
/** While it is filled. */
const OPEN_DIR_MODE = 0o700;
/** Of a directory that an archive has entries below, and none for: as docker and containerd make it. */
const IMPLICIT_DIR: Entry = { type: 'dir', mode: 0o755, uid: 0, gid: 0, mtime: 0n, size: 0 };

/**
 * Makes files in a directory that was empty. Synchronous: for worker threads. Paths are those of an EntryTree, whose
 * every parent is a real directory that was made here, so no system call meets a link.
 */
export interface DiskWriter {
  /** A file stays open until {@link endFile}. @throws VarveError `UNPACK_OWNER`, `UNPACK_DEVICE`, `UNPACK_XATTR`, `UNPACK_FAILED` */
  apply(change: Change): void;
  implicitDir(path: BytePath): void;
  write(chunk: Buffer): void;
  endFile(): void;
  /** What comes last: whiteouts, opaque marks, owners, modes and times of directories. */
  finish(root: DirNode): void;
  /** Closes what is open, after an error. */
  close(): void;
}

export function createDiskWriter(options: {
  readonly dest: BytePath;
  readonly libc: Libc;
  /** Which overlay xattr marks opaque directories: `user` for mounts in a user namespace. */
  readonly whiteouts: 'trusted' | 'user' | 'none';
}): DiskWriter {
  const { dest, libc } = options;
  const given = probe(dest);
  let open:
    | { readonly fd: number; readonly path: BytePath; readonly entry: Entry; at: number; end: number }
    | undefined;
  const absolute = (path: BytePath): BytePath => joinBytes(dest, path);

  const guard = (path: BytePath, entry: Entry | undefined, action: () => void): void => {
    try {
      action();
    } catch (error) {
      throw diskError(error, path, entry);
    }
  };

  /** After the owner: chown takes setuid bits and capabilities away. */
  const setTail = (file: BytePath, entry: Entry): void => {
    setXattrs(file, entry);
    libc.setTime(file, entry.mtime);
  };
  const setXattrs = (file: BytePath, entry: Entry): void => {
    for (const [name, value] of entry.xattrs ?? []) libc.setXattr(file, name, value);
  };

  const make = (path: BytePath, entry: Entry): void => {
    const file = absolute(path);
    const fsPath = toFsPath(file);
    switch (entry.type) {
      case 'file':
        open = { fd: openSync(fsPath, CREATE, isGiven(given, entry) ? entry.mode : 0o600), path, entry, at: 0, end: 0 };
        return;
      case 'dir':
        mkdirSync(fsPath, OPEN_DIR_MODE);
        return;
      case 'symlink':
        symlinkSync(toFsPath(entry.target ?? ''), fsPath);
        lchownSync(fsPath, entry.uid, entry.gid);
        break;
      default: {
        // One that cannot be made is in the snapshot all the same; a RUN, which could not open it, sees nothing there.
        if (!tryMakeDevice(libc, file, MODE_BITS[entry.type] | 0o600, entry.device ?? [0, 0])) {
          if (options.whiteouts !== 'none') libc.mknod(file, constants.S_IFCHR, 0, 0);
          return;
        }
        lchownSync(fsPath, entry.uid, entry.gid);
        chmodSync(fsPath, entry.mode);
      }
    }
    setTail(file, entry);
  };

  const remove = (node: Node | undefined): void => {
    if (!node || node.kind === 'whiteout') return; // Whiteouts are made at the end.
    const file = toFsPath(absolute(node.path));
    if (node.kind === 'dir') rmSync(file, { recursive: true });
    else rmSync(file, { force: true });
  };

  const finishNode = (node: Node): void => {
    const file = absolute(node.path);
    if (node.kind === 'leaf') return;
    if (node.kind === 'whiteout') {
      if (options.whiteouts === 'none') return;
      // An overlay whiteout is a device 0/0, which needs no privilege (linux 5.8).
      guard(node.path, undefined, () => libc.mknod(file, constants.S_IFCHR, 0, 0));
      return;
    }
    for (const child of node.children.values()) finishNode(child);
    const entry = node.entry ?? IMPLICIT_DIR;
    guard(node.path, entry, () => {
      const fsPath = toFsPath(file);
      lchownSync(fsPath, entry.uid, entry.gid);
      chmodSync(fsPath, entry.mode);
      if (node.isOpaque && options.whiteouts !== 'none')
        libc.setXattr(file, `${options.whiteouts}.overlay.opaque`, Buffer.from('y'));
      setTail(file, entry);
    });
  };

  return {
    apply(change) {
      if (change.kind === 'skip') return;
      const { path, replaces } = change;
      guard(path, change.kind === 'make' ? change.entry : undefined, () => {
        const keeps = replaces?.kind === 'dir' && change.kind === 'make' && change.entry.type === 'dir';
        if (keeps) return; // The entry's fields are set at the end.
        remove(replaces);
        if (change.kind === 'make') make(path, change.entry);
        else linkSync(toFsPath(absolute(change.to)), toFsPath(absolute(path)));
      });
    },
    implicitDir: (path) => guard(path, undefined, () => mkdirSync(toFsPath(absolute(path)), OPEN_DIR_MODE)),
    write(chunk) {
      const file = open!;
      guard(file.path, undefined, () => {
        if (!isHole(chunk)) {
          for (let done = 0; done < chunk.length; )
            done += writeSync(file.fd, chunk, done, chunk.length - done, file.at + done);
          file.end = file.at + chunk.length;
        }
        file.at += chunk.length;
      });
    },
    endFile() {
      const { fd, path, entry, at, end } = open!;
      guard(path, entry, () => {
        if (at > end) ftruncateSync(fd, at);
        if (!isGiven(given, entry)) {
          fchownSync(fd, entry.uid, entry.gid);
          fchmodSync(fd, entry.mode);
        }
        if (entry.xattrs) setXattrs(absolute(path), entry);
        libc.setFileTime(fd, entry.mtime);
        open = undefined;
        closeSync(fd);
      });
    },
    finish: (root) => finishNode(root),
    close() {
      if (open) closeSync(open.fd);
      open = undefined;
    },
  };
}

function isHole(chunk: Buffer): boolean {
  const { length } = chunk;
  if (length < LEAST_HOLE || length > ZEROS.length || chunk[0] !== 0 || chunk[length - 1] !== 0) return false;
  return chunk.equals(ZEROS.subarray(0, length));
}

/** What a new file has without being told: of 100,000 files, chown and chmod take 1.3 s. */
interface GivenFields {
  readonly uid: number;
  readonly gid: number;
  /** Of the permission bits that are asked for, those that umask, ACLs and the file system leave. */
  readonly mode: number;
}

/** Found by making a file: squashed users, set-gid directories and default ACLs are not guessed. */
function probe(dest: BytePath): GivenFields {
  const path = toFsPath(joinBytes(dest, PROBE_NAME));
  const fd = openSync(path, CREATE, 0o777);
  try {
    const { uid, gid, mode } = fstatSync(fd);
    return { uid, gid, mode: mode & 0o777 };
  } finally {
    closeSync(fd);
    unlinkSync(path);
  }
}

/** Whether a file that is opened with the entry's mode has its mode and owner. */
function isGiven(given: GivenFields, { uid, gid, mode }: Entry): boolean {
  return uid === given.uid && gid === given.gid && (mode & ~given.mode) === 0;
}
