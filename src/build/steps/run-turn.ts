import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type FileLock, tryFileLock } from '../../cas/file-lock.ts';
import { loadKernelCalls } from '../../cas/kernel-calls.ts';

/** How often a lock that another RUN has is asked for again, in ms. */
const POLL_MS = 25;

/**
 * A RUN's turn where RUNs can look into each other's processes: one with secrets is alone while it runs, with all builds
 * on this store. Who waits for that goes before whoever comes later.
 * @returns disposing ends the turn
 */
export async function takeRunTurn(
  store: { readonly path: string },
  isAlone: boolean,
  signal: AbortSignal,
): Promise<Disposable> {
  const directory = join(store.path, 'locks');
  mkdirSync(directory, { recursive: true });
  const kernel = loadKernelCalls();
  const take = async (name: string): Promise<FileLock> => {
    for (;;) {
      const lock = tryFileLock(join(directory, name), kernel, isAlone ? 'exclusive' : 'shared');
      if (lock) return lock;
      await sleep(POLL_MS, undefined, { signal });
    }
  };
  const gate = await take('runs-gate');
  try {
    const turn = await take('runs');
    return { [Symbol.dispose]: () => turn.release() };
  } finally {
    gate.release();
  }
}
