import { createHash } from 'node:crypto';
import type { BytePath } from '../io/byte-path.ts';
import type { FileStat } from './file-stat.ts';

export type GitHash = 'sha1' | 'sha256';

/** What git's index says of the files of a working tree. */
export interface GitIndex {
  readonly hash: GitHash;
  /**
   * The id of the blob that git takes the file for, as hex; undefined whenever the index leaves any doubt.
   * @param path below the directory that the index was opened for
   */
  blob(path: BytePath, stat: FileStat): string | undefined;
}

/** gitformat-index(5): ten numbers of 32 bits, of which the third pair is device and inode. */
const STAT_BYTES = 40;
const ID_BYTES = { sha1: 20, sha256: 32 } as const;
const ASSUME_VALID = 0x8000;
const EXTENDED = 0x4000;
const STAGE = 0x3000;
const KNOWN_EXTENDED = 0x6000; // skip-worktree and intent-to-add: either is a doubt
const REGULAR = 0o100000;
const NS = 1_000_000_000n;
const LOW_32 = 0xffffffffn;

/**
 * Reads git's index, versions 2 to 4.
 * @param options.writtenAt mtime of the index file in ns: what changed since then may look unchanged
 *   (https://git-scm.com/docs/racy-git)
 * @param options.prefix the directory within the working tree that paths are below, `` or with a slash at its end
 * @returns undefined for an index that needs more than this reads: split, damaged, of a later version
 * @see https://git-scm.com/docs/gitformat-index
 */
export function readGitIndex(
  bytes: Buffer,
  options: { readonly hash: GitHash; readonly writtenAt: bigint; readonly prefix: BytePath },
): GitIndex | undefined {
  const { hash, writtenAt, prefix } = options;
  try {
    if (!isWhole(bytes, hash)) return undefined;
    const entries = readEntries(bytes, hash, prefix);
    if (!entries) return undefined;
    return {
      hash,
      blob(path, stat) {
        const start = entries.get(path);
        if (start === undefined || !isSame(bytes, start, stat) || stat.mtime >= writtenAt || stat.ctime >= writtenAt)
          return undefined;
        return bytes.toString('hex', start + STAT_BYTES, start + STAT_BYTES + ID_BYTES[hash]);
      },
    };
  } catch (error) {
    if (error instanceof RangeError) return undefined; // it ends too early
    throw error;
  }
}

/** The bytes' own checksum, which `index.skipHash` leaves zero. */
function isWhole(bytes: Buffer, hash: GitHash): boolean {
  const end = bytes.length - ID_BYTES[hash];
  if (end < 12 || bytes.toString('latin1', 0, 4) !== 'DIRC') return false;
  const trailer = bytes.subarray(end);
  return (
    trailer.every((byte) => byte === 0) || createHash(hash).update(bytes.subarray(0, end)).digest().equals(trailer)
  );
}

/** Where the entries start that leave no doubt by themselves, by path below `prefix`. */
function readEntries(bytes: Buffer, hash: GitHash, prefix: BytePath): Map<BytePath, number> | undefined {
  const version = bytes.readUInt32BE(4);
  if (version < 2 || version > 4) return undefined;
  const entries = new Map<BytePath, number>();
  let at = 12;
  let path = '';
  for (let left = bytes.readUInt32BE(8); left > 0; left--) {
    const start = at;
    at += STAT_BYTES + ID_BYTES[hash];
    const flags = bytes.readUInt16BE(at);
    at += 2;
    let doubts = flags & (ASSUME_VALID | STAGE);
    if (flags & EXTENDED) {
      if (version < 3) return undefined;
      doubts |= bytes.readUInt16BE(at) & KNOWN_EXTENDED;
      at += 2;
    }
    if (version === 4) {
      const [strip, next] = readOffset(bytes, at);
      const end = nulAfter(bytes, next);
      path = path.slice(0, path.length - strip) + bytes.toString('latin1', next, end);
      at = end + 1;
    } else {
      const end = nulAfter(bytes, at);
      path = bytes.toString('latin1', at, end);
      at = start + (((end - start) >> 3) + 1) * 8;
    }
    const isFile = (bytes.readUInt32BE(start + 24) & 0o170000) === REGULAR;
    if (doubts === 0 && isFile && path.startsWith(prefix)) entries.set(path.slice(prefix.length), start);
  }
  return hasNeededExtension(bytes, at, hash) ? undefined : entries;
}

/** A number as in pack files' offsets. */
function readOffset(bytes: Buffer, start: number): [value: number, next: number] {
  let at = start;
  let byte = bytes.readUInt8(at++);
  let value = byte & 0x7f;
  while (byte & 0x80) {
    byte = bytes.readUInt8(at++);
    value = (value + 1) * 0x80 + (byte & 0x7f);
  }
  return [value, at];
}

function nulAfter(bytes: Buffer, start: number): number {
  const end = bytes.indexOf(0, start);
  if (end < 0) throw new RangeError('a path without end');
  return end;
}

/** Whether there is an extension without which entries mean something else; directories of a sparse index are no files. */
function hasNeededExtension(bytes: Buffer, start: number, hash: GitHash): boolean {
  for (let at = start; at < bytes.length - ID_BYTES[hash]; at += 8 + bytes.readUInt32BE(at + 4)) {
    const name = bytes.toString('latin1', at, at + 4);
    if (!/^[A-Z]/.test(name) && name !== 'sdir') return true;
  }
  return false;
}

/** git keeps the lower 32 bits of everything. */
function isSame(bytes: Buffer, start: number, stat: FileStat): boolean {
  const word = (index: number): number => bytes.readUInt32BE(start + index * 4);
  const isTime = (index: number, time: bigint): boolean =>
    time >= 0n && word(index) === Number((time / NS) & LOW_32) && word(index + 1) === Number(time % NS);
  return (
    isTime(0, stat.ctime) &&
    isTime(2, stat.mtime) &&
    word(4) === Number(stat.dev & LOW_32) &&
    word(5) === Number(stat.ino & LOW_32) &&
    word(7) === stat.uid &&
    word(8) === stat.gid &&
    word(9) === stat.size
  );
}
