import { type BytePath, baseOf, compareBytes, parentOf } from '../io/byte-path.ts';
import { isDirectory, type PlainListing, STAT_WORDS, WORD } from './plain-listing.ts';
import { isRacyTime } from './racy.ts';

/** One directory of a listing. A place is an index into its names. */
export interface ListedDirectory {
  /** In byte order, joined by `/`. */
  readonly names: string;
  /** Where its numbers begin in the listing's. */
  readonly start: number;
  /** How many numbers it has. */
  readonly length: number;
}

/** A listing by path. */
export interface ListingIndex {
  readonly listing: PlainListing;
  directory(path: BytePath): ListedDirectory | undefined;
  /** Names in byte order. */
  subdirectories(path: BytePath): readonly string[];
}

export function createListingIndex(listing: PlainListing): ListingIndex {
  const directories = new Map<BytePath, ListedDirectory>();
  const below = new Map<BytePath, string[]>();
  let start = 0;
  for (const [i, path] of listing.directories.entries()) {
    const names = listing.names[i]!;
    const length = countNames(names) * STAT_WORDS;
    directories.set(path, { names, start, length });
    start += length;
    if (path === '') continue;
    const siblings = below.get(parentOf(path));
    if (siblings) siblings.push(baseOf(path));
    else below.set(parentOf(path), [baseOf(path)]);
  }
  for (const names of below.values()) names.sort(compareBytes);
  return {
    listing,
    directory: (path) => directories.get(path),
    subdirectories: (path) => below.get(path) ?? [],
  };
}

/** The names of a directory, in byte order. */
export function namesOf(directory: ListedDirectory | undefined): string[] {
  return directory && directory.names !== '' ? directory.names.split('/') : [];
}

function countNames(names: string): number {
  if (names === '') return 0;
  let count = 1;
  for (let at = names.indexOf('/'); at >= 0; at = names.indexOf('/', at + 1)) count++;
  return count;
}

/** Two listings of one directory tree, the older one first. Places are given as {@link statsAt} gives them. */
export interface ListingComparison {
  /** Whether every name of the directory is proven to be as it was. */
  isAsBefore(old: ListedDirectory, now: ListedDirectory): boolean;
  /** Whether the path is proven to be as it was. */
  isSame(oldAt: number, newAt: number): boolean;
  /** Whether all its numbers are what they were: no proof while it is young. */
  hasSameStat(oldAt: number, newAt: number): boolean;
  /** Whether the path leads to the file or directory that it led to. */
  isSameInode(oldAt: number, newAt: number): boolean;
  /** Of the newer one. */
  isDirectory(newAt: number): boolean;
}

/** Where the numbers of a directory's name are in its listing. */
export function statsAt(directory: ListedDirectory, place: number): number {
  return directory.start + place * STAT_WORDS;
}

export function compareListings(before: PlainListing, after: PlainListing): ListingComparison {
  const [old, now] = [before.stats, after.stats];
  const hasSameStat = (oldAt: number, newAt: number): boolean => {
    for (let i = 0; i < STAT_WORDS; i++) if (old[oldAt + i] !== now[newAt + i]) return false;
    return true;
  };
  const isSame = (oldAt: number, newAt: number): boolean => {
    if (!hasSameStat(oldAt, newAt)) return false;
    // A change right after the older look may have left the same numbers.
    const seconds = (old[oldAt + WORD.ctime]! >>> 0) + old[oldAt + WORD.ctime + 1]! * 2 ** 32;
    return !isRacyTime(seconds, old[oldAt + WORD.ctime + 2]!, before.seenAt);
  };
  return {
    isSame,
    hasSameStat,
    isAsBefore(a, b) {
      if (a.names !== b.names) return false;
      for (let at = 0; at < a.length; at += STAT_WORDS) if (!isSame(a.start + at, b.start + at)) return false;
      return true;
    },
    isSameInode(oldAt, newAt) {
      for (const i of IDENTITY) if (old[oldAt + i] !== now[newAt + i]) return false;
      return true;
    },
    isDirectory: (newAt) => isDirectory(now, newAt),
  };
}

/** An inode's number and when it was made: the number alone is given again at once (ext4). */
const IDENTITY = [WORD.inode, WORD.inode + 1, WORD.btime, WORD.btime + 1, WORD.btime + 2, WORD.device, WORD.device + 1];
