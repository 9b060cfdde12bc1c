import {
  chmodSync,
  closeSync,
  constants,
  lchownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  renameSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { fromText, joinBytes, toFsPath } from '../../../src/io/byte-path.ts';
import { loadLibc } from '../../../src/io/libc.ts';

interface Time {
  readonly sec: number;
  readonly nsec: number;
}

/** An operation of the corpora (notes of snapshot-diff.json). `bytes` says that path, to and target are byte strings. */
export interface DiskOp {
  readonly op: string;
  readonly path: string;
  readonly bytes?: boolean;
  readonly mode?: string;
  readonly content?: string;
  readonly target?: string;
  readonly to?: string;
  readonly fallback?: readonly DiskOp[];
  readonly mtime?: Time;
  readonly uid?: number;
  readonly gid?: number;
  readonly type?: string;
  readonly major?: number;
  readonly minor?: number;
  readonly key?: string;
  readonly value?: string;
}

const FORMATS: Readonly<Record<string, number>> = { char: 0o020000, block: 0o060000, fifo: 0o010000, socket: 0o140000 };

/** Applies operations to a directory on disk. @param tolerate goes on after an operation that fails */
export function applyOps(root: string, ops: readonly DiskOp[], tolerate = false): void {
  const libc = loadLibc();
  libc.umask(0);
  const base = fromText(root);
  for (const op of ops) {
    try {
      applyOp(libc, base, op);
    } catch (error) {
      if (!tolerate) throw error;
    }
  }
}

function applyOp(libc: ReturnType<typeof loadLibc>, base: string, op: DiskOp): void {
  const bytes = op.bytes ? (text: string) => text : fromText;
  const full = (path: string): string => joinBytes(base, bytes(path).replace(/^\/+/, '').replace(/\/+$/, ''));
  const path = full(op.path);
  const fs = toFsPath(path);
  const mode = op.mode === undefined ? 0o644 : Number.parseInt(op.mode, 8);
  switch (op.op) {
    case 'mkdir':
      mkdirSync(fs, { recursive: true });
      chmodSync(fs, mode);
      break;
    case 'create': {
      // A FIFO that nobody reads is an error, and nothing to wait for.
      const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW;
      const fd = openSync(fs, flags | constants.O_NONBLOCK);
      writeSync(fd, op.content ?? '');
      closeSync(fd);
      chmodSync(fs, mode);
      break;
    }
    case 'symlink':
      symlinkSync(toFsPath(bytes(op.target!)), fs);
      break;
    case 'link':
      linkSync(toFsPath(full(op.target!)), fs);
      break;
    case 'remove':
      if (lstatSync(fs).isDirectory()) rmdirSync(fs);
      else unlinkSync(fs);
      break;
    case 'removeAll':
      rmSync(fs, { recursive: true, force: true });
      break;
    case 'rename':
      try {
        renameSync(fs, toFsPath(full(op.to!)));
      } catch (error) {
        if (!op.fallback) throw error;
        for (const next of op.fallback) applyOp(libc, base, next);
      }
      break;
    case 'chmod':
      chmodSync(fs, mode);
      break;
    case 'chown':
      lchownSync(fs, op.uid ?? 0, op.gid ?? 0);
      break;
    case 'chtimes':
    case 'lchtimes':
      libc.setTime(path, BigInt(op.mtime!.sec) * 1_000_000_000n + BigInt(op.mtime!.nsec));
      break;
    case 'mknod':
      libc.mknod(path, FORMATS[op.type!]! | mode, op.major ?? 0, op.minor ?? 0);
      break;
    case 'setxattr':
      libc.setXattr(path, op.key!, Buffer.from(op.value!, 'latin1'));
      break;
    default:
      throw new Error(`unknown operation ${op.op}`);
  }
}
