import { lstatSync, readdirSync, rmSync } from 'node:fs';
import { type BytePath, fromText, joinBytes, toFsPath } from '../../io/byte-path.ts';
import { copyTree } from '../../io/copy-tree.ts';
import type { Libc } from '../../io/libc.ts';
import { createLimiter } from '../../io/limiter.ts';
import { readMounts } from '../../io/mountinfo.ts';
import type { Digest } from '../../oci/digest.ts';
import { materialize } from './materialize.ts';
import type { PlainRoots } from './plain-roots.ts';

export interface InPlaceRoot extends PlainRoots {
  /** Empties the root. */
  clean(): void;
  /** Puts back what it had at first, when a backup was asked for and anything was changed. */
  restore(): void;
}

/**
 * The container's own root directory as the one plain rootfs that there is: steps take it one after another, and it is
 * emptied and filled when it is not as the next one wants it. What is kept, and every mount, is never touched.
 */
export function createInPlaceRoot(deps: {
  readonly libc: Libc;
  /** Absolute paths, as text: varve's own files, the store, contexts. */
  readonly kept: readonly string[];
  /** Called before anything is removed. */
  prepare(): void;
  /** An empty directory for what the root has now, when that is to come back. */
  readonly backup: string | undefined;
}): InPlaceRoot {
  const one = createLimiter(1);
  let state: Digest | undefined;
  let isPrepared = false;

  const untouched = (): BytePath[] =>
    [...readMounts().map(({ point }) => point), ...deps.kept.map(fromText)]
      .map((path) => path.replace(/^\/+|\/+$/g, ''))
      .filter(Boolean);
  const clean = (): void => {
    const guard = createGuard(untouched());
    if (!isPrepared) {
      deps.prepare();
      if (deps.backup !== undefined) copyTree('/', fromText(deps.backup), { libc: deps.libc, skip: guard.isKept });
    }
    isPrepared = true;
    state = undefined;
    emptyDirectory('', guard);
  };

  return {
    clean,
    restore() {
      if (!isPrepared || deps.backup === undefined) return;
      clean();
      copyTree(fromText(deps.backup), '/', { libc: deps.libc });
    },
    async take(tree, source) {
      let release = (): void => {};
      const held = new Promise<void>((resolve) => {
        release = resolve;
      });
      await new Promise<void>((resolve, reject) => {
        one
          .run(() => {
            resolve();
            return held;
          })
          .catch(reject);
      });
      try {
        if (state !== tree.exact) {
          clean();
          const guard = createGuard(untouched());
          const skip = (path: BytePath, type: string): boolean =>
            guard.isKept(path) || (guard.isAbove(path) && type !== 'dir');
          const how = { libc: deps.libc, owners: 'keep', replace: true, skip, leavesDevices: true } as const;
          await materialize(source, '/', '/', how);
        }
      } catch (error) {
        release();
        throw error;
      }
      state = undefined;
      return {
        directory: '/',
        untouched: untouched(),
        async keep(now) {
          state = now.exact;
          release();
        },
        async drop() {
          release();
        },
      };
    },
  };
}

interface Guard {
  /** The path itself is kept, with all below. */
  isKept(path: BytePath): boolean;
  /** Something below it is kept. */
  isAbove(path: BytePath): boolean;
}

function createGuard(kept: readonly BytePath[]): Guard {
  const whole = new Set(kept);
  const above = new Set<BytePath>();
  for (const path of kept)
    for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1)) above.add(path.slice(0, at));
  return { isKept: (path) => whole.has(path), isAbove: (path) => above.has(path) };
}

function emptyDirectory(directory: BytePath, guard: Guard): void {
  for (const name of readdirSync(toFsPath(`/${directory}`), { encoding: 'latin1' })) {
    const path = joinBytes(directory, name);
    if (guard.isKept(path)) continue;
    const at = toFsPath(`/${path}`);
    if (guard.isAbove(path) && lstatSync(at).isDirectory()) emptyDirectory(path, guard);
    else rmSync(at, { recursive: true, force: true });
  }
}
