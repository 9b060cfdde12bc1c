import { type BytePath, fromText, joinBytes } from '../io/byte-path.ts';
import type { Digest } from '../oci/digest.ts';
import type { FileStat } from './file-stat.ts';
import { hashLargeFile, readFile, SMALL_FILE } from './hash-file.ts';
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
 * Hashes files that the stat index does not know. A large file whose size is that of last time is first compared by
 * its xxh3-128, which the disk cache alone limits, and only a difference pays for sha256.
 */
export function createDirectoryHasher(
  request: {
    readonly root: string;
    readonly stats: StatIndex;
    readonly concurrency: number;
    readonly signal?: AbortSignal;
  },
  counters: { opened: number; hashedBytes: number; quickBytes: number },
): DirectoryHasher {
  const { stats, signal } = request;
  const root = fromText(request.root);

  const hashLarge = async ({ path: full, size }: FileToHash, { path, stat, seenAt }: StattedPath): Promise<Digest> => {
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
    const digest = await hashLargeFile(full, size, quick, signal);
    stats.remember(path, stat, digest, quick.digest(), seenAt);
    return digest;
  };

  return {
    async hash(files) {
      const targets = files.map(({ path, stat }) => ({ path: joinBytes(root, path), size: stat.size }));
      const digests = await hashFiles(targets, {
        concurrency: request.concurrency,
        signal,
        large: (target, index) => hashLarge(target, files[index]!),
      });
      for (const [index, { path, stat, seenAt }] of files.entries()) {
        if (stat.size >= SMALL_FILE) continue;
        counters.opened++;
        counters.hashedBytes += stat.size;
        stats.remember(path, stat, digests[index]!, undefined, seenAt);
      }
      return digests;
    },
  };
}
