import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { type FileFindings, NOTHING_FOUND } from '../../attest/found-package.ts';
import type { Store } from '../../cas/store.ts';
import { type BytePath, toText } from '../../io/byte-path.ts';
import { createLimiter } from '../../io/limiter.ts';
import { createWorkerPool } from '../../io/worker-pool.ts';
import type { PackageReply, PackageRequest } from './package-worker.ts';

/** Databases and lock files of an image that are written down and read by a thread, one at a time. */
export interface LargeFiles extends AsyncDisposable {
  /** Takes the bytes of one. What it gives when it takes too long or too much memory is a warning. */
  open(path: BytePath): { push(chunk: Buffer): void; end(): Promise<FileFindings> };
}

/** The largest real ones take some seconds. */
export const FILE_TIME_LIMIT_MS = 60_000;
/** Of the thread's heap: a lock file of 64 MiB takes ten times its size. */
const HEAP_LIMIT_MIB = 1024;

export async function createLargeFiles(
  store: Pick<Store, 'makeTemp'>,
  signal: AbortSignal,
  timeLimitMs: number = FILE_TIME_LIMIT_MS,
): Promise<LargeFiles> {
  const temp = await store.makeTemp('packages');
  // `.js` when varve was built, and by its folder: the bundle is one folder's file (scripts/bundle.ts).
  const script = import.meta.url.endsWith('.ts') ? './package-worker.ts' : '../build/attest/package-worker.js';
  const pool = createWorkerPool<PackageRequest, PackageReply>({
    script: new URL(script, import.meta.url),
    size: 1,
    resourceLimits: { maxOldGenerationSizeMb: HEAP_LIMIT_MIB },
  });
  const turn = createLimiter(1);
  let count = 0;

  const read = async (foundIn: BytePath, file: string): Promise<FileFindings> => {
    const left = (why: string): FileFindings => ({
      ...NOTHING_FOUND,
      warnings: [`/${toText(foundIn)} cannot be read, its packages are left out: ${why}`],
    });
    // The time begins with its turn.
    const limit = AbortSignal.timeout(timeLimitMs);
    try {
      const reply = await pool.run({ foundIn, file }, { signal: AbortSignal.any([signal, limit]) });
      return reply.kind === 'done' ? reply.findings : left(reply.message);
    } catch (error) {
      signal.throwIfAborted();
      return left(limit.aborted ? `it takes longer than ${timeLimitMs / 1000} s` : (error as Error).message);
    } finally {
      rmSync(file, { force: true });
    }
  };

  return {
    open(path) {
      const file = join(temp.path, String(count++));
      const fd = openSync(file, 'wx', 0o600);
      return {
        push(chunk) {
          for (let done = 0; done < chunk.length; ) done += writeSync(fd, chunk, done);
        },
        async end() {
          closeSync(fd);
          return turn.run(() => read(path, file));
        },
      };
    },
    async [Symbol.asyncDispose]() {
      await pool.close();
      await temp.remove();
    },
  };
}
