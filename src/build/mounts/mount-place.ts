import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type FileLock, tryFileLock } from '../../cas/file-lock.ts';
import { loadKernelCalls } from '../../cas/kernel-calls.ts';
import { digestHex, digestOf } from '../../oci/digest.ts';

/** How often a lock is asked for again, in ms. */
export const LOCK_POLL_MS = 50;

/** Where a cache mount, or another copy of it, is on disk. */
export function mountDirectory(store: { mountPath(id: string): string }, identity: string, copy = 0): string {
  return store.mountPath(`${digestHex(digestOf(identity)).slice(0, 32)}${copy ? `-${copy}` : ''}`);
}

/** Who uses a mount has this, shared or alone. */
export function useLock(directory: string): string {
  return `${directory}.lock`;
}

/** Who fills a mount, or reads it as a whole, has this alone; whoever would take another copy meanwhile waits. */
export function wholeLock(directory: string): string {
  return `${directory}.whole.lock`;
}

/** Waits for an exclusive lock. @param until ends the waiting, with undefined */
export async function waitForLock(
  path: string,
  signal: AbortSignal,
  until: () => boolean = () => false,
): Promise<FileLock | undefined> {
  const kernel = loadKernelCalls();
  for (;;) {
    const lock = tryFileLock(path, kernel);
    if (lock || until()) return lock;
    await sleep(LOCK_POLL_MS, undefined, { signal });
  }
}

/** Whether somebody has the lock now. */
export function isLocked(path: string): boolean {
  if (!existsSync(path)) return false;
  const lock = tryFileLock(path, loadKernelCalls());
  lock?.release();
  return lock === undefined;
}
