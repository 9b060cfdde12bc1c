import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { tryFileLock } from '../../cas/file-lock.ts';
import { type KernelCalls, loadKernelCalls } from '../../cas/kernel-calls.ts';
import { openStore } from '../../cas/open-store.ts';
import type { Store } from '../../cas/store.ts';
import { VarveError } from '../../errors.ts';
import type { Clock } from '../../io/clock.ts';
import { type Libc, loadLibc } from '../../io/libc.ts';
import type { Log } from '../../io/log.ts';
import { createUnpackPool, type UnpackPool } from '../../layer/unpack-layer.ts';
import { readHostFacts } from '../../sandbox/host-facts.ts';
import type { TreeStore } from '../../snapshot/tree.ts';
import { createTreeStore } from '../../snapshot/tree-store.ts';
import { createRecords, type Records } from '../cache/records.ts';

/** What looking after a store needs: no registry, no sandbox. */
export interface StoreServices {
  readonly store: Store;
  readonly records: Records;
  readonly trees: TreeStore;
  readonly libc: Libc;
  readonly kernel: KernelCalls;
  readonly xattrs: 'trusted' | 'user';
  readonly pool: UnpackPool;
  readonly log: Log;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

export async function createStoreServices(options: {
  readonly store: string;
  readonly host: { readonly arch: string };
  readonly log: Log;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}): Promise<StoreServices & AsyncDisposable> {
  const { log, clock, signal } = options;
  const store = await openStore(options.store, { log, clock });
  const pool = createUnpackPool(1);
  return {
    store,
    records: createRecords(store.catalog),
    trees: createTreeStore(store.catalog),
    libc: loadLibc(),
    kernel: loadKernelCalls(),
    xattrs: readHostFacts(options.host.arch).inUserNamespace ? 'user' : 'trusted',
    pool,
    log,
    clock,
    signal,
    async [Symbol.asyncDispose]() {
      await pool.close();
      await store.close();
    },
  };
}

/** How often the lock is asked for again, in ms. */
const POLL_MS = 100;

/**
 * Does something that only one process at a time does to a store: collecting, or comparing all of it. Builds go on.
 * @throws VarveError `CATALOG_UNAVAILABLE` when this process has no catalog: everything would look forsaken
 */
export async function maintain<T>(services: StoreServices, action: () => Promise<T>): Promise<T> {
  const { store, kernel, signal, log } = services;
  if (!(await store.catalog.isLasting())) {
    throw new VarveError('CATALOG_UNAVAILABLE', "the store's catalog cannot be used by this process", {
      hint: 'the warning above says why',
    });
  }
  const path = join(store.path, 'maintenance.lock');
  let lock = tryFileLock(path, kernel);
  if (!lock) log.warn('another varve looks after this store: waiting for it');
  while (!lock) {
    await sleep(POLL_MS, undefined, { signal });
    lock = tryFileLock(path, kernel);
  }
  try {
    return await action();
  } finally {
    lock.release();
  }
}
