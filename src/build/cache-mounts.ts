import { chmodSync, chownSync, existsSync, mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type FileLock, tryFileLock } from '../cas/file-lock.ts';
import { loadKernelCalls } from '../cas/kernel-calls.ts';
import type { Store } from '../cas/store.ts';
import type { RunMount } from '../instructions/step.ts';
import type { Libc } from '../io/libc.ts';
import { digestHex, digestOf } from '../oci/digest.ts';
import type { FileSource } from '../snapshot/file-source.ts';
import { materialize } from './materialize.ts';

/** A cache mount's directory, ours until release(). */
export interface CacheLease {
  readonly path: string;
  release(): Promise<void>;
}

export type CacheMount = Extract<RunMount, { type: 'cache' }>;

/** Directories that last from build to build: `<store>/mounts/<id>/data`, a lock file beside each. */
export interface CacheMounts {
  /** @param seed what a new cache starts with */
  take(mount: CacheMount, seed: FileSource | undefined): Promise<CacheLease>;
}

/** How often a locked cache is asked for again, in ms. */
const LOCK_POLL_MS = 50;

export function createCacheMounts(store: Store, libc: Libc, signal: AbortSignal): CacheMounts {
  const kernel = loadKernelCalls();

  const directoryOf = (mount: CacheMount, copy: number): string =>
    store.mountPath(`${digestHex(digestOf(mount.id)).slice(0, 32)}${copy ? `-${copy}` : ''}`);

  const make = async (mount: CacheMount, directory: string, seed: FileSource | undefined): Promise<string> => {
    const data = join(directory, 'data');
    if (existsSync(data)) return data;
    mkdirSync(directory, { recursive: true });
    const temp = await store.makeTemp('cache-mount');
    try {
      const fresh = join(temp.path, 'data');
      const seeded = seed && (await materialize(seed, mount.source, fresh, { libc, owners: 'keep' }));
      if (!seeded) {
        mkdirSync(fresh);
        chownSync(fresh, mount.uid, mount.gid);
        chmodSync(fresh, mount.mode);
      }
      if (!existsSync(data)) renameSync(fresh, data);
    } catch (error) {
      if (!existsSync(data)) throw error; // another build made it meanwhile
    } finally {
      await temp.remove();
    }
    return data;
  };

  const lock = (directory: string): FileLock | undefined => tryFileLock(`${directory}.lock`, kernel);

  return {
    async take(mount, seed) {
      if (mount.sharing === 'shared') {
        const path = await make(mount, directoryOf(mount, 0), seed);
        return { path, release: async () => {} };
      }
      for (let copy = 0; ; ) {
        const directory = directoryOf(mount, copy);
        const held = lock(directory);
        if (held) return { path: await make(mount, directory, seed), release: async () => held.release() };
        if (mount.sharing === 'private') copy++;
        else await sleep(LOCK_POLL_MS, undefined, { signal });
      }
    },
  };
}
