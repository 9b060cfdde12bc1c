import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Clock } from '../io/clock.ts';
import { tryFileLock } from './file-lock.ts';
import type { KernelCalls } from './kernel-calls.ts';

/** What can be collected: a blob or an unpacked layer by its hex digits, a cache mount or a git repository by id; a base image by its manifest's. */
export type HeldKind = 'blob' | 'layer' | 'mount' | 'git' | 'image';

/** What this process needs, told to collectors (docs/store-format.md, "Collecting"). */
export interface Holds {
  /** Waits for a collector that wants the store for itself. */
  ready(): Promise<void>;
  /** From now on, until this process ends, nobody collects it. It may be gone already: look after this. */
  hold(kind: HeldKind, name: string): void;
  /** `<kind>/<name>` to the time of the first hold, ms since 1970. */
  held(): ReadonlyMap<string, number>;
  close(): void;
}

const LOCK = 'collect.lock';
const LIST = 'holds';
/** How often a collector's lock is asked for again, in ms. */
const POLL_MS = 5;

/**
 * Holds are lines of the file `holds` in the process's place. One is written under the shared lock of `collect.lock`,
 * whose exclusive lock a collector has while it reads the lists and takes things away: so it sees the hold, or the
 * holder sees that the thing is gone. A hold costs 15 µs, once for each thing.
 */
export function createHolds(options: {
  readonly store: string;
  readonly place: string;
  readonly kernel: KernelCalls;
  readonly clock: Clock;
}): Holds {
  const { store, place, kernel, clock } = options;
  const held = new Map<string, number>();
  const lock = openSync(join(store, LOCK), 'a', 0o600);
  let list: number | undefined;

  return {
    async ready() {
      while (!kernel.tryLockShared(lock)) await setTimeout(POLL_MS);
      kernel.unlock(lock);
    },
    hold(kind, name) {
      const key = `${kind}/${name}`;
      if (held.has(key)) return;
      // A collector has the lock for some ms: it only renames meanwhile.
      kernel.lockShared(lock);
      try {
        list ??= openSync(join(place, LIST), 'a', 0o600);
        writeSync(list, `${key}\n`);
      } finally {
        kernel.unlock(lock);
      }
      held.set(key, clock.now());
    },
    held: () => held,
    close() {
      closeSync(lock);
      if (list !== undefined) closeSync(list);
    },
  };
}

/** What processes hold, by their places in `tmp`. */
export function readHolds(places: readonly string[]): Set<string> {
  const held = new Set<string>();
  for (const place of places) {
    for (const line of readList(join(place, LIST))) if (line !== '') held.add(line);
  }
  return held;
}

/** Absent: nothing is held yet, or its process ended just now. */
function readList(path: string): string[] {
  try {
    return readFileSync(path, 'latin1').split('\n');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/**
 * Does something while no process can begin to hold anything or open the store. The caller must not use the store's
 * blobs or paths meanwhile, nor wait for another process: one that waits for the lock answers nobody.
 */
export async function withoutHolders<T>(store: string, kernel: KernelCalls, action: () => T | Promise<T>): Promise<T> {
  let lock = tryFileLock(join(store, LOCK), kernel);
  while (!lock) {
    await setTimeout(POLL_MS);
    lock = tryFileLock(join(store, LOCK), kernel);
  }
  try {
    return await action();
  } finally {
    lock.release();
  }
}
