import { type BytePath, fromText, joinBytes } from '../io/byte-path.ts';
import type { Digest } from '../oci/digest.ts';
import type { FileStat } from './file-stat.ts';
import type { GitBlobs, GitLook } from './git-blobs.ts';
import { hashLargeFile, type RunningHash, readFile, SMALL_FILE } from './hash-file.ts';
import { type FileToHash, hashFiles } from './hash-files.ts';
import type { StatIndex } from './stat-index.ts';

export interface StattedPath {
  /** Below the root. */
  readonly path: BytePath;
  readonly stat: FileStat;
  /** When the stat was taken, ms since 1970. */
  readonly seenAt: number;
}

export interface DirectoryHasher {
  /** sha256 of each file, in order; the stat index learns them. */
  hash(files: readonly StattedPath[]): Promise<Digest[]>;
}

/**
 * Hashes files that the stat index does not know. What git's index proves is not read. A large file whose size is that
 * of last time is first compared by its xxh3-128, which the disk cache alone limits, and only a difference pays for sha256.
 */
export function createDirectoryHasher(
  request: {
    readonly root: string;
    readonly stats: StatIndex;
    readonly git?: GitBlobs;
    readonly concurrency: number;
    readonly signal?: AbortSignal;
  },
  counters: { opened: number; hashedBytes: number; quickBytes: number },
): DirectoryHasher {
  const { stats, signal } = request;
  const root = fromText(request.root);

  const hashLarge = async (
    { path: full, size }: FileToHash,
    { path, stat, seenAt }: StattedPath,
    beside: RunningHash | undefined,
  ): Promise<Digest> => {
    const last = stats.candidate(path, size);
    if (last) {
      const quick = stats.quickHash();
      counters.opened++;
      counters.quickBytes += size;
      await readFile(full, size, (chunk) => quick.update(chunk), signal);
      if (quick.digest().equals(last.quick)) {
        stats.remember(path, stat, last.digest, last.quick, seenAt);
        return last.digest;
      }
    }
    const quick = stats.quickHash();
    counters.opened++;
    counters.hashedBytes += size;
    const both: RunningHash = {
      update(chunk) {
        quick.update(chunk);
        beside?.update(chunk);
      },
    };
    const digest = await hashLargeFile(full, size, both, signal);
    stats.remember(path, stat, digest, quick.digest(), seenAt);
    return digest;
  };

  return {
    async hash(files) {
      const looks = (await request.git?.look(files)) ?? [];
      const digests: Digest[] = [];
      const toRead: { readonly file: StattedPath; readonly at: number; readonly beside: Unknown | undefined }[] = [];
      for (const [at, file] of files.entries()) {
        const look = looks[at];
        if (!look || !('digest' in look)) {
          toRead.push({ file, at, beside: look });
          continue;
        }
        digests[at] = look.digest;
        stats.remember(file.path, file.stat, look.digest, undefined, file.seenAt);
      }
      const targets = toRead.map(({ file: { path, stat } }) => ({ path: joinBytes(root, path), size: stat.size }));
      const read = await hashFiles(targets, {
        concurrency: request.concurrency,
        signal,
        large: (target, i) => hashLarge(target, toRead[i]!.file, toRead[i]!.beside?.hash),
        beside: (i) => toRead[i]!.beside?.hash,
      });
      for (const [i, { file, at, beside }] of toRead.entries()) {
        const { path, stat, seenAt } = file;
        const digest = read[i]!;
        digests[at] = digest;
        beside?.learn(digest);
        if (stat.size >= SMALL_FILE) continue;
        counters.opened++;
        counters.hashedBytes += stat.size;
        stats.remember(path, stat, digest, undefined, seenAt);
      }
      return digests;
    },
  };
}

type Unknown = Exclude<GitLook, { readonly digest: Digest }>;
