import { readdirSync } from 'node:fs';
import { VarveError } from '../errors.ts';
import { type BytePath, compareBytes, fromText, joinBytes, parentOf, toFsPath, toText } from '../io/byte-path.ts';
import type { Libc } from '../io/libc.ts';
import { createBreather } from './breather.ts';
import { createDirectoryHasher, type StattedPath } from './directory-hasher.ts';
import { createVisibility, type Ignores, type RawChild, type Visibility } from './directory-visibility.ts';
import type { Entry } from './entry.ts';
import type { FileSource, SourceChild } from './file-source.ts';
import { imageXattrs, type StattedFile, statChildren, statFile } from './file-stat.ts';
import type { GitBlobs } from './git-blobs.ts';
import { isVerbatim } from './is-verbatim.ts';
import { pathParts } from './path-parts.ts';
import { createStamper } from './stamp-directory.ts';
import type { StatIndex } from './stat-index.ts';

export interface DirectorySourceRequest {
  /** The directory, absolute, as text. */
  readonly root: string;
  readonly libc: Libc;
  readonly stats: StatIndex;
  /** Spares reads of what git's index knows. */
  readonly git?: GitBlobs;
  /** Paths that do not exist for this source. */
  readonly ignores?: Ignores;
  /** What is equal for the same rules; without it there are no stamps. */
  readonly ignoresId?: string | undefined;
  /** How many files of 64 KiB and more are read at once. */
  readonly concurrency: number;
  readonly signal?: AbortSignal;
}

/** What was done on disk so far. */
export interface DirectoryCounters {
  /** Directories listed. */
  listed: number;
  /** Paths asked for their stat. */
  stats: number;
  /** Times that a file was opened to be read. */
  opened: number;
  /** Bytes that went through sha256. */
  hashedBytes: number;
  /** Bytes that were only compared by xxh3-128. */
  quickBytes: number;
  /** Paths asked for their extended attributes. */
  xattrs: number;
}

export interface DirectorySource extends FileSource {
  readonly counters: Readonly<DirectoryCounters>;
}

/**
 * A directory on disk to read from, as it is: owners, modes and times as lstat gives them. Sockets and ignored paths do
 * not exist. A file's digest comes with list() when the stat index knows the file, else from complete(). The value of
 * {@link Entry.hardlink} is good within this source only: `canonicalLinks` makes it fit for a tree.
 */
export function directorySource(request: DirectorySourceRequest): DirectorySource {
  const { libc, stats, signal } = request;
  const root = fromText(request.root);
  const counters: DirectoryCounters = { listed: 0, stats: 0, opened: 0, hashedBytes: 0, quickBytes: 0, xattrs: 0 };
  const full = (path: BytePath): BytePath => (path === '' ? root : joinBytes(root, path));
  /** Files whose digest the index did not know. */
  const seen = new WeakMap<Entry, StattedFile & { readonly seenAt: number }>();
  /** Files that are known to have no xattrs. */
  const bare = new Set<BytePath>();
  const realDirs = new Map<BytePath, boolean>([['', true]]);
  const hasher = createDirectoryHasher(request, counters);

  const rawList = (path: BytePath): RawChild[] => {
    counters.listed++;
    const children = readdirSync(toFsPath(full(path)), { encoding: 'latin1', withFileTypes: true });
    stats.listed(path, new Set(children.map(({ name }) => name)));
    return children
      .filter((child) => !child.isSocket())
      .map((child) => ({ name: child.name, isDir: child.isDirectory() }));
  };
  const visibility: Visibility = request.ignores
    ? createVisibility(request.ignores, rawList)
    : { isVisible: () => true };

  const known = (path: BytePath, found: StattedFile | undefined, seenAt: number): Entry | undefined => {
    counters.stats++;
    if (!found?.entry) return undefined;
    let entry = found.entry;
    const last = entry.type === 'file' ? stats.find(path, found.stat) : undefined;
    if (last) entry = { ...entry, digest: last.digest };
    if (last?.bare) bare.add(path);
    if (entry.type !== 'dir' && found.links > 1)
      entry = { ...entry, hardlink: `inode:${found.stat.dev}:${found.stat.ino}` };
    if (entry.type === 'file' && !last) seen.set(entry, { ...found, seenAt });
    return entry;
  };

  /** Whether a path is a directory that exists here, by no symlink. */
  const isRealDir = (path: BytePath): boolean => {
    const known = realDirs.get(path);
    if (known !== undefined) return known;
    let real = isRealDir(parentOf(path));
    if (real) {
      counters.stats++;
      real = statFile(full(path))?.entry?.type === 'dir' && visibility.isVisible(path, true);
    }
    realDirs.set(path, real);
    return real;
  };

  const look = (path: BytePath): Entry | undefined => {
    pathParts(path);
    if (path !== '' && !isRealDir(parentOf(path))) return undefined;
    const seenAt = stats.now();
    const entry = known(path, statFile(full(path)), seenAt);
    return entry && visibility.isVisible(path, entry.type === 'dir') ? entry : undefined;
  };

  const xattrsOf = (path: BytePath, { type }: Entry): Entry['xattrs'] => {
    if (type === 'file' ? bare.has(path) : type !== 'dir') return undefined;
    counters.xattrs++;
    return imageXattrs(libc, full(path));
  };

  const source: DirectorySource = {
    counters,
    async lookup(path) {
      await stats.load();
      return look(path);
    },
    async list(path) {
      pathParts(path);
      if (!isRealDir(path)) return [];
      await stats.load();
      const breathe = createBreather(signal);
      const children: SourceChild[] = [];
      const seenAt = stats.now();
      using disk = statChildren(libc, full(path));
      for (const { name, isDir } of rawList(path).sort((a, b) => compareBytes(a.name, b.name))) {
        const childPath = joinBytes(path, name);
        if (!visibility.isVisible(childPath, isDir)) continue;
        const entry = known(childPath, disk.stat(name), seenAt);
        if (!entry) continue;
        realDirs.set(childPath, entry.type === 'dir');
        children.push({ name, entry });
        const pause = breathe();
        if (pause) await pause;
      }
      return children;
    },
    async complete(items) {
      await stats.load();
      const breathe = createBreather(signal);
      const toHash: (StattedPath & { readonly at: number })[] = [];
      const entries: Entry[] = [];
      const withoutXattrs: BytePath[] = [];
      for (const [at, { path, entry: given }] of items.entries()) {
        const pause = breathe();
        if (pause) await pause;
        let entry = given;
        if (entry.type === 'file' && entry.digest === undefined) {
          // The caller may have made another object of what list() gave, with another owner.
          const fresh = seen.has(entry) ? entry : look(path);
          if (fresh?.size !== entry.size) throw changed(path);
          const found = seen.get(fresh);
          if (found) toHash.push({ path, stat: found.stat, seenAt: found.seenAt, at });
          else entry = { ...entry, digest: fresh.digest! };
        }
        const xattrs = xattrsOf(path, entry);
        if (entry.type === 'file' && !xattrs && !bare.has(path)) withoutXattrs.push(path);
        entries.push(xattrs ? { ...entry, xattrs } : entry);
      }
      const digests = await hasher.hash(toHash);
      for (const [i, { at }] of toHash.entries()) entries[at] = { ...entries[at]!, digest: digests[i]! };
      for (const path of withoutXattrs) stats.rememberBare(path);
      return entries;
    },
    async content(path) {
      return { path: full(path) };
    },
    async stamp(paths) {
      if (request.ignores && request.ignoresId === undefined) return undefined;
      const place = `${request.root}\0${request.ignoresId ?? ''}`;
      const count = (what: 'listed' | 'stats'): void => void counters[what]++;
      const { isVisible } = visibility;
      const stamper = createStamper({
        libc,
        full,
        isVisible,
        count,
        seenAt: stats.now(),
        breathe: createBreather(signal),
      });
      for (const path of paths) {
        const isReal = path === '' || isRealDir(parentOf(path));
        if (!isReal || !(await stamper.add(path))) return undefined;
      }
      return { place, ...stamper.end() };
    },
    async onDisk(path) {
      return (await isVerbatim(source, path, full)) ? [request.root] : undefined;
    },
  };
  return source;
}

function changed(path: BytePath): VarveError {
  return new VarveError('FILE_CHANGED', `'${toText(path)}' changed between being listed and being read`, {
    hint: 'Build again when nothing writes to it.',
  });
}
