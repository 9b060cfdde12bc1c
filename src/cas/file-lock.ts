import { closeSync, fstatSync, openSync, statSync } from 'node:fs';
import type { KernelCalls } from './kernel-calls.ts';

/** A lock on a file, held until release() or the end of the process. */
export interface FileLock {
  readonly path: string;
  release(): void;
}

/**
 * Takes the lock of the file at `path`, which is made when it is absent, without waiting; undefined when someone has it.
 * A lock on a file that was unlinked or replaced between open and flock protects nothing, so it does not count.
 * Works between containers that share a volume, where process ids mean nothing.
 */
export function tryFileLock(
  path: string,
  kernel: KernelCalls,
  mode: 'exclusive' | 'shared' = 'exclusive',
): FileLock | undefined {
  const fd = openSync(path, 'a', 0o600);
  try {
    if (mode === 'shared' ? kernel.tryLockShared(fd) : kernel.tryLock(fd)) {
      const held = fstatSync(fd, { bigint: true });
      const named = statSync(path, { bigint: true, throwIfNoEntry: false });
      if (named && named.ino === held.ino && named.dev === held.dev) {
        let open = true;
        return {
          path,
          release() {
            if (open) closeSync(fd);
            open = false;
          },
        };
      }
    }
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  closeSync(fd);
  return undefined;
}
