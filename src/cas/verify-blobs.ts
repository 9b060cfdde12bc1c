import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

/** A file of `blobs/sha256`, hashed. */
export interface CheckedBlob {
  readonly name: string;
  readonly size: number;
  /** Why it is damaged. */
  readonly problem?: string;
}

/** Hashes every blob, one after the other, a MiB at a time. What goes away meanwhile is left out. @param store `<root>/v1` */
export async function* verifyBlobs(store: string, signal: AbortSignal): AsyncGenerator<CheckedBlob> {
  const directory = join(store, 'blobs', 'sha256');
  for (const name of (await readdir(directory)).sort()) {
    const path = join(directory, name);
    const stats = await stat(path).catch(orUndefined);
    if (!stats) continue;
    if (!stats.isFile() || !/^[0-9a-f]{64}$/.test(name)) {
      yield { name, size: stats.size, problem: 'is no blob' };
      continue;
    }
    const hash = createHash('sha256');
    try {
      await pipeline(createReadStream(path, { highWaterMark: READ_BYTES }), hash, { signal });
      const found = hash.digest('hex');
      yield { name, size: stats.size, ...(found === name ? {} : { problem: `has the digest sha256:${found}` }) };
    } catch (error) {
      signal.throwIfAborted();
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') continue;
      yield { name, size: stats.size, problem: `cannot be read: ${(error as Error).message}` };
    }
  }
}

/** Removes what verifyBlobs() found damaged; who reads it at this moment reads on. */
export async function dropBlob(store: string, name: string): Promise<void> {
  await rm(join(store, 'blobs', 'sha256', name), { recursive: true, force: true });
}

const READ_BYTES = 1 << 20;

function orUndefined(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}
