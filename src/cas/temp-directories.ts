import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '../io/log.ts';
import { detachMounts } from './detach-mounts.ts';
import { type FileLock, tryFileLock } from './file-lock.ts';
import type { KernelCalls } from './kernel-calls.ts';
import { hasMemory, MEMORY, memoryName, memoryOf } from './memory-places.ts';
import { removeTree } from './remove-tree.ts';
import type { TempDirectory } from './store.ts';

/** One process's part of `<store>/v1/tmp`. */
export interface TempDirectories {
  /** This process's place: `<store>/v1/tmp/<id>`. */
  readonly own: string;
  /** The places of the other processes that live. */
  living(): string[];
  make(label: string): Promise<TempDirectory>;
  /** A directory that only its owner may enter, on the machine's tmpfs when it has one. */
  makeInMemory(label: string): Promise<TempDirectory>;
  /** A path for a file, new on each call. */
  newFile(): string;
  /** Removes what dead processes left. Never fails: what resists stays for the next process. */
  clean(): Promise<void>;
  /** Removes everything of this process. */
  close(): Promise<void>;
}

const LOCK_SUFFIX = '.lock';
/** Until a released directory is removed: whoever released it has begun what comes next by then (a sandbox takes 30 ms). */
const RELEASE_MS = 50;
const LABEL = /^[a-zA-Z0-9._-]{1,64}$/;

/**
 * Takes a place below `tmp`: `<id>.lock`, locked as long as this process lives, then the directory `<id>`. The order is
 * what makes cleaning safe: a directory without its lock file, or whose lock can be taken, has no living owner.
 * @param tmp absolute, without symlinks; it exists
 */
export function openTempDirectories(tmp: string, deps: { log: Log; kernel: KernelCalls }): TempDirectories {
  const { log, kernel } = deps;
  const { id, lock } = claim(tmp, kernel);
  const own = join(tmp, id);
  mkdirSync(own, { mode: 0o755 });
  let count = 0;
  const released = new Set<NodeJS.Timeout>();
  let removing: Promise<unknown> = Promise.resolve();

  const remove = async (path: string, level: 'warn' | 'debug'): Promise<boolean> => {
    try {
      detachMounts(path, kernel);
      await removeTree(path);
      return true;
    } catch (error) {
      log[level](`${path} could not be removed, a later varve tries again: ${(error as Error).message}`);
      return false;
    }
  };

  const make = async (parent: string, name: string, mode: number): Promise<TempDirectory> => {
    const path = join(parent, name);
    await mkdir(path, { mode });
    return {
      path,
      remove: async () => void (await remove(path, 'warn')),
      release() {
        const timer = setTimeout(() => {
          released.delete(timer);
          removing = removing.then(() => remove(path, 'warn'));
        }, RELEASE_MS);
        released.add(timer);
      },
    };
  };

  return {
    own,
    living() {
      const places: string[] = [];
      for (const name of strangers(tmp, id)) {
        const dead = tryFileLock(join(tmp, name + LOCK_SUFFIX), kernel);
        if (!dead) places.push(join(tmp, name));
        else if (existsSync(join(tmp, name))) dead.release();
        else {
          // Asking made the lock file of a place that is gone by now.
          rmSync(dead.path, { force: true });
          dead.release();
        }
      }
      return places;
    },
    make: async (label) => make(own, `${checked(label)}-${count++}`, 0o755),
    async makeInMemory(label) {
      const name = `${checked(label)}-${count++}`;
      return hasMemory() ? make(MEMORY, memoryName(id, name), 0o700) : make(own, name, 0o700);
    },
    newFile: () => join(own, `file-${count++}`),
    async clean() {
      for (const name of strangers(tmp, id)) {
        const dead = tryFileLock(join(tmp, name + LOCK_SUFFIX), kernel);
        if (!dead) continue;
        try {
          const left = [...memoryOf(name), join(tmp, name)];
          let isGone = true;
          for (const path of left) isGone = (await remove(path, 'debug')) && isGone;
          if (isGone) rmSync(dead.path, { force: true });
        } finally {
          dead.release();
        }
      }
    },
    async close() {
      for (const timer of released) clearTimeout(timer);
      await removing;
      for (const path of memoryOf(id)) await remove(path, 'warn');
      if (await remove(own, 'warn')) rmSync(lock.path, { force: true });
      lock.release();
    },
  };
}

function claim(tmp: string, kernel: KernelCalls): { id: string; lock: FileLock } {
  for (;;) {
    const id = `${process.pid}-${randomBytes(6).toString('hex')}`;
    // A cleaner may take the new file in the instant before it is locked; then this name is lost and another one serves.
    const lock = tryFileLock(join(tmp, id + LOCK_SUFFIX), kernel);
    if (lock) return { id, lock };
  }
}

function checked(label: string): string {
  if (!LABEL.test(label)) throw new Error(`not a label for a temporary directory: ${JSON.stringify(label)}`);
  return label;
}

/** Names of the other processes' places, each once, whether its lock file, its directory or both are there. */
function strangers(tmp: string, own: string): Set<string> {
  const names = readdirSync(tmp).map((name) =>
    name.endsWith(LOCK_SUFFIX) ? name.slice(0, -LOCK_SUFFIX.length) : name,
  );
  return new Set(names.filter((name) => name !== own));
}
