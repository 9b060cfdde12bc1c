import type { BytePath } from '../io/byte-path.ts';
import { createLimiter } from '../io/limiter.ts';
import type { Digest } from '../oci/digest.ts';
import { createBreather } from './breather.ts';
import { hashLargeFile, hashSmallFile, type RunningHash, SMALL_FILE } from './hash-file.ts';

export interface FileToHash {
  /** Absolute. */
  readonly path: BytePath;
  /** What lstat said. */
  readonly size: number;
}

export interface HashFilesOptions {
  /** How many large files are read at once. */
  readonly concurrency: number;
  readonly signal?: AbortSignal | undefined;
  /** Instead of {@link hashLargeFile}, for files of {@link SMALL_FILE} bytes and more. */
  readonly large?: (file: FileToHash, index: number) => Promise<Digest>;
  /** What a small file is fed to besides sha256. */
  readonly beside?: (index: number) => RunningHash | undefined;
}

/**
 * sha256 of many files, in their order: small ones one after the other on this thread with pauses, beside them the
 * large ones on the thread pool.
 * @throws VarveError `FILE_CHANGED`, or the signal's reason
 */
export async function hashFiles(files: readonly FileToHash[], options: HashFilesOptions): Promise<Digest[]> {
  const { concurrency, signal } = options;
  const digests: Digest[] = new Array<Digest>(files.length);
  const limiter = createLimiter(concurrency);
  const large = options.large ?? ((file) => hashLargeFile(file.path, file.size, undefined, signal));
  const stop = new AbortController();
  const running: Promise<void>[] = [];
  for (const [index, file] of files.entries())
    if (file.size >= SMALL_FILE)
      running.push(
        limiter.run(async () => {
          if (!stop.signal.aborted) digests[index] = await large(file, index);
        }),
      );
  const small = async (): Promise<void> => {
    const breathe = createBreather(signal);
    const scratch = Buffer.allocUnsafe(SMALL_FILE);
    for (const [index, { path, size }] of files.entries()) {
      if (size >= SMALL_FILE) continue;
      if (stop.signal.aborted) return;
      await breathe();
      digests[index] = hashSmallFile(path, size, scratch, options.beside?.(index));
    }
  };
  running.push(small());
  try {
    await Promise.all(running);
  } catch (error) {
    stop.abort();
    await Promise.allSettled(running);
    throw error;
  }
  return digests;
}
