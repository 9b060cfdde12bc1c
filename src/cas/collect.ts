import { existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { detachMounts } from './detach-mounts.ts';
import { tryFileLock } from './file-lock.ts';
import { readHolds, withoutHolders } from './holds.ts';
import type { KernelCalls } from './kernel-calls.ts';
import { removeTree } from './remove-tree.ts';
import type { Store } from './store.ts';

/** What takeAway() takes. */
export interface Collectable {
  readonly kind: 'blob' | 'layer' | 'mount' | 'git';
  readonly name: string;
  readonly path: string;
}

/**
 * Removes what no other living process holds. Under the collector's lock things are only renamed, so that nobody waits
 * for long; a kill leaves them in this process's place, where the next process removes them.
 * @returns what is gone; the rest is held, or was gone before
 */
export async function takeAway<T extends Collectable>(
  items: readonly T[],
  { store, kernel }: { readonly store: Store; readonly kernel: KernelCalls },
): Promise<T[]> {
  const temp = await store.makeTemp('collected');
  const taken = await withoutHolders(store.path, kernel, () => {
    const held = readHolds(store.living());
    return items.filter((item, i) => {
      if (held.has(`${item.kind}/${item.name}`) || !existsSync(item.path)) return false;
      renameSync(item.path, join(temp.path, String(i)));
      return true;
    });
  });
  detachMounts(temp.path, kernel);
  await removeTree(temp.path);
  for (const { kind, path } of taken) if (kind === 'mount' || kind === 'git') dropLock(`${path}.lock`, kernel);
  for (const { kind, path } of taken) if (kind === 'mount') dropLock(`${path}.whole.lock`, kernel);
  return taken;
}

/** The lock file of a cache mount or git repository; one that is held stays. */
function dropLock(path: string, kernel: KernelCalls): void {
  const lock = tryFileLock(path, kernel);
  if (!lock) return;
  rmSync(lock.path, { force: true });
  lock.release();
}
