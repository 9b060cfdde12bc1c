import { chmodSync, chownSync, existsSync, mkdirSync, renameSync } from 'node:fs';
import { join, posix } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { tryFileLock } from '../../cas/file-lock.ts';
import { loadKernelCalls } from '../../cas/kernel-calls.ts';
import type { Store } from '../../cas/store.ts';
import type { RunMount } from '../../instructions/step.ts';
import type { Libc } from '../../io/libc.ts';
import type { FileSource } from '../../snapshot/file-source.ts';
import { materialize } from '../steps/materialize.ts';
import { isLocked, LOCK_POLL_MS, mountDirectory, useLock, waitForLock, wholeLock } from './mount-place.ts';
import type { MountUse, SavedMounts } from './saved/saved-mounts.ts';

/** A cache mount's directory, ours until release(). */
export interface CacheLease {
  readonly path: string;
  release(): Promise<void>;
}

export type CacheMount = Extract<RunMount, { type: 'cache' }>;

/**
 * Directories that last from build to build: `<store>/mounts/<hash of identity>[-<n>]/data`, a lock file beside each.
 * Who shares a cache has a shared lock, so that who wants it alone waits (`locked`) or takes another copy (`private`),
 * and who shares takes another copy while somebody has it alone. As BuildKit, and across processes.
 */
export interface CacheMounts {
  /**
   * @param identity as {@link cacheIdentity} gives it
   * @param seed what a new cache starts with
   */
  take(mount: CacheMount, identity: string, seed: FileSource | undefined): Promise<CacheLease>;
}

const DEFAULT_MODE = 0o755;

/** Which cache a mount means: that of its id, but another for each thing that it starts with, as in BuildKit. */
export function cacheIdentity(mount: CacheMount, seed: FileSource | undefined): string {
  const parts = [mount.id];
  if (mount.from) parts.push(`from ${seed?.digest ?? JSON.stringify(mount.from)}`, posix.join('/', mount.source));
  if (hasOwner(mount)) parts.push(`owner ${mount.uid}:${mount.gid}:${mount.mode.toString(8)}`);
  return parts.length === 1 ? mount.id : JSON.stringify(parts);
}

function hasOwner({ uid, gid, mode }: CacheMount): boolean {
  return uid !== 0 || gid !== 0 || mode !== DEFAULT_MODE;
}

export interface CacheMountsDeps {
  readonly store: Store;
  readonly libc: Libc;
  readonly signal: AbortSignal;
  /** What a new cache starts with before anything else. */
  readonly savedMounts: SavedMounts | undefined;
  /** Told which caches are used, by their identities. */
  readonly mountUses: Map<string, MountUse>;
}

export function createCacheMounts({ store, libc, signal, savedMounts, mountUses }: CacheMountsDeps): CacheMounts {
  const kernel = loadKernelCalls();

  const make = async (use: MountUse, mount: CacheMount, seed: FileSource | undefined): Promise<string> => {
    const data = join(use.directory, 'data');
    if (existsSync(data)) return data;
    mkdirSync(use.directory, { recursive: true });
    if (!savedMounts) return makeNew(data, mount, seed);
    // One of those who share it fetches it for all.
    const whole = await waitForLock(wholeLock(use.directory), signal);
    try {
      if (existsSync(data) || (await savedMounts.restore(use, data))) return data;
      return await makeNew(data, mount, seed);
    } finally {
      whole?.release();
    }
  };

  const makeNew = async (data: string, mount: CacheMount, seed: FileSource | undefined): Promise<string> => {
    const temp = await store.makeTemp('cache-mount');
    try {
      const fresh = join(temp.path, 'data');
      const owners = mount.from?.kind === 'context' || mount.from?.kind === 'named' ? 'root' : 'keep';
      if (seed) await materialize(seed, mount.source, fresh, { libc, owners });
      else mkdirSync(fresh);
      if (!seed || hasOwner(mount)) {
        chownSync(fresh, mount.uid, mount.gid);
        chmodSync(fresh, mount.mode & 0o7777);
      }
      if (!existsSync(data)) renameSync(fresh, data);
    } catch (error) {
      if (!existsSync(data)) throw error; // another build made it meanwhile
    } finally {
      await temp.remove();
    }
    return data;
  };

  return {
    async take(mount, identity, seed) {
      const mode = mount.sharing === 'shared' ? 'shared' : 'exclusive';
      for (let copy = 0; ; ) {
        const directory = mountDirectory(store, identity, copy);
        const use = { identity, id: mount.id, directory };
        const held = tryFileLock(useLock(directory), kernel, mode);
        if (held) {
          try {
            const path = await make(use, mount, seed);
            // The copies that were taken only because somebody had this one are not saved.
            if (copy === 0 && !mount.readonly) mountUses.set(identity, use);
            return { path, release: async () => held.release() };
          } catch (error) {
            held.release();
            throw error;
          }
        }
        if (mount.sharing === 'locked' || isLocked(wholeLock(directory)))
          await sleep(LOCK_POLL_MS, undefined, { signal });
        else copy++;
      }
    },
  };
}
