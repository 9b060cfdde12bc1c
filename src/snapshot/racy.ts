import type { FileStat } from './file-stat.ts';

/**
 * How far the kernel's file times may lag behind its clock, in ns: one jiffy, 10 ms at CONFIG_HZ=100, twice for safety.
 */
const TICK = 20_000_000n;
/** The same for filesystems that keep whole seconds; FAT keeps every second one. */
const COARSE_TICK = 2_000_000_000n;
const SECOND = 1_000_000_000n;
const NS_PER_MS = 1_000_000n;

/**
 * Whether a file was changed so shortly before it was looked at that a later change might leave the same stat.
 * @param seenAt when lstat was called, ms since 1970
 * @see https://git-scm.com/docs/racy-git
 */
export function isRacy({ mtime, ctime }: FileStat, seenAt: number): boolean {
  const tick = mtime % SECOND === 0n && ctime % SECOND === 0n ? COARSE_TICK : TICK;
  const limit = BigInt(Math.floor(seenAt)) * NS_PER_MS - tick;
  return ctime >= limit || mtime >= limit;
}

/** The same of one time, in numbers: for many files, where a bigint for each would cost more than the stat. */
export function isRacyTime(seconds: number, nanos: number, seenAt: number): boolean {
  const tick = nanos === 0 ? COARSE_TICK : TICK;
  return seconds * 1000 + nanos / 1e6 >= Math.floor(seenAt) - Number(tick / NS_PER_MS);
}
