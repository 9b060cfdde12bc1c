import { existsSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import type { Store } from '../../../cas/store.ts';
import type { Clock } from '../../../io/clock.ts';
import type { Libc } from '../../../io/libc.ts';
import type { Log } from '../../../io/log.ts';
import type { UnpackPool } from '../../../layer/unpack-layer.ts';
import type { UnpackLimits } from '../../../layer/unpack-stream.ts';
import type { RegistryClientOptions } from '../../../registry/create-registry-client.ts';
import type { TreeStore } from '../../../snapshot/tree.ts';
import { createCircuit } from '../../cache/circuit.ts';
import { transferDeadline } from '../../cache/deadlines.ts';
import { cacheClient, openPlace } from '../../cache/open-place.ts';
import { createRecordWriter } from '../../cache/record-writer.ts';
import type { Progress } from '../../progress.ts';
import { useLock, waitForLock, wholeLock } from '../mount-place.ts';
import { createMountRecords, type MountName, type SavedMount } from './mount-records.ts';
import { emptied, snapshotMount } from './mount-snapshot.ts';
import { restoreMount } from './restore-mount.ts';
import { type PackedMount, packMount, type SaveDeps, sendMount, usablePacks } from './save-mount.ts';
import type { SavedMountsOptions } from './saved-mounts-options.ts';

/** A mount that a RUN has used, and where it is. */
export interface MountUse extends MountName {
  readonly directory: string;
}

/** Cache mounts in a place that outlives the store. No failure of it is one of the build's: it is a warning. */
export interface SavedMounts extends AsyncDisposable {
  /** Makes a mount's directory of what was saved; false when nothing was, or it cannot be had: nothing is there then. */
  restore(mount: MountName, dest: string): Promise<boolean>;
  /** Saves what is new in the mounts. */
  save(uses: Iterable<MountUse>): Promise<void>;
}

/** How long a mount that others use is waited for, in ms: whoever uses it last saves it. */
const IN_USE_MS = 10_000;

export interface SavedMountsDeps {
  readonly registry: RegistryClientOptions;
  readonly store: Store;
  readonly trees: TreeStore;
  readonly libc: Libc;
  readonly pool: UnpackPool;
  readonly limits: UnpackLimits | undefined;
  readonly progress: Progress;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
}

export function createSavedMounts(options: SavedMountsOptions, deps: SavedMountsDeps): SavedMounts {
  const { store, trees, clock, log, signal } = deps;
  const { signer, branch, defaultBranch, limitBytes } = options;
  const client = cacheClient(deps.registry);
  const place = openPlace(client, options.place);
  const circuit = createCircuit(`cache mounts in ${place.name}`, { isLost: false }, log);
  const within = transferDeadline(signal);
  const records = createMountRecords({ ...deps, place, signer, ttlMs: options.ttlMs, within, warn: log.warn });
  const canSign = !signer || signer.sign !== undefined;
  if (options.isWritten && !canSign)
    log.warn('--cache-key is a public key: cache mounts are restored, and none is saved');
  const isWritten = options.isWritten && canSign;
  const branches = [...new Set([branch, defaultBranch])];
  const saving: SaveDeps = {
    place,
    records,
    writer: createRecordWriter(place, signer, within),
    blobs: store.blobs,
    within,
    now: () => clock.now(),
    signal,
  };

  const tell = (text: string): void => deps.progress({ type: 'message', level: 'info', text, time: clock.now() });

  /** Does something with the place, unless it is known not to answer; a failure is a warning. */
  const attempt = async <T>(work: () => Promise<T>): Promise<T | undefined> => {
    if (circuit.isOpen) return undefined;
    try {
      return await work();
    } catch (error) {
      signal.throwIfAborted();
      circuit.failed(error);
      return undefined;
    }
  };

  const restoreFrom = async ({ id }: MountName, saved: SavedMount, dest: string): Promise<boolean> => {
    const temp = await store.makeTemp('cache-mount');
    try {
      const made = join(temp.path, 'data');
      await restoreMount(saved, made, temp, { ...deps, place, records, within });
      renameSync(made, dest);
      tell(`cache mount ${id}: restored from ${place.name}, branch ${saved.branch}`);
      return true;
    } catch (error) {
      signal.throwIfAborted();
      log.warn(`cache mount ${id}: what branch ${saved.branch} has is not used: ${(error as Error).message}`);
      return false;
    } finally {
      await temp.remove();
    }
  };

  const lastSaved = async (mount: MountName): Promise<SavedMount | undefined> => {
    for (const name of branches) {
      const saved = await records.find(mount, name);
      if (saved) return saved;
    }
    return undefined;
  };

  /** What is to be sent; undefined when all of it is there. The caller has the mount to itself. */
  const pack = async (use: MountUse): Promise<PackedMount | undefined> => {
    const { id, directory } = use;
    const data = join(directory, 'data');
    if (!existsSync(data)) return undefined;
    let snapshot = await snapshotMount(data, { ...deps, catalog: store.catalog });
    const bytes = [...snapshot.contents.values()].reduce((total, { size }) => total + size, 0);
    if (bytes > limitBytes) {
      log.warn(
        `cache mount ${id}: it has ${bytes} bytes, more than the ${limitBytes} of --cache-mounts-limit: it begins anew, here and in ${place.name}`,
      );
      snapshot = await emptied(snapshot, trees);
      const temp = await store.makeTemp('cache-mount');
      renameSync(data, join(temp.path, 'data'));
      temp.release();
    }
    const last = await lastSaved(use);
    if (last?.record.tree.exact === snapshot.tree.exact) return undefined;
    return packMount(data, snapshot, await usablePacks(last, saving), saving);
  };

  const saveOne = async (use: MountUse): Promise<void> => {
    const { identity, id, directory } = use;
    const whole = await waitForLock(wholeLock(directory), signal);
    let packed: PackedMount | undefined;
    try {
      const patience = AbortSignal.timeout(IN_USE_MS);
      const alone = await waitForLock(useLock(directory), signal, () => patience.aborted);
      if (!alone) {
        log.warn(`cache mount ${id}: it is not saved, because another build uses it`);
        return;
      }
      try {
        packed = await pack(use);
      } finally {
        alone.release();
      }
    } finally {
      whole?.release();
    }
    if (!packed) return;
    await sendMount(identity, branch, packed, saving);
    const bytes = packed.fresh.reduce((total, { blob }) => total + blob.size, 0);
    tell(`cache mount ${id}: saved to ${place.name}, branch ${branch}: ${bytes} bytes are new`);
  };

  return {
    async restore(mount, dest) {
      for (const name of branches) {
        const saved = await attempt(() => records.find(mount, name));
        if (saved && (await restoreFrom(mount, saved, dest))) return true;
      }
      return false;
    },
    async save(uses) {
      if (!isWritten) return;
      for (const use of uses) await attempt(() => saveOne(use));
    },
    [Symbol.asyncDispose]: () => client.close(),
  };
}
