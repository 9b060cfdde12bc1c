import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { tryFileLock } from '../../cas/file-lock.ts';
import { loadKernelCalls } from '../../cas/kernel-calls.ts';
import { type Digest, digestHex } from '../../oci/digest.ts';

/** How often a lock that another process has is asked for again, in ms. */
const POLL_MS = 25;

/**
 * Does `work` while no other process on this store does the same step. The kernel gives the lock back when a process
 * ends, however it ends.
 */
export async function withStepLock<T>(
  store: { readonly path: string },
  key: Digest,
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  const directory = join(store.path, 'locks');
  await mkdir(directory, { recursive: true });
  const path = join(directory, digestHex(key));
  const kernel = loadKernelCalls();
  let lock = tryFileLock(path, kernel);
  while (!lock) {
    await sleep(POLL_MS, undefined, { signal });
    lock = tryFileLock(path, kernel);
  }
  try {
    return await work();
  } finally {
    // Whoever waits for the file that is gone sees that, and makes a new one.
    await rm(path, { force: true });
    lock.release();
  }
}
