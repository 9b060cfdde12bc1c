import { chmodSync, lstatSync, mkdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { VarveError } from '../errors.ts';
import { type BytePath, fromText, toFsPath, toText } from '../io/byte-path.ts';
import { copyTree } from '../io/copy-tree.ts';
import type { Libc } from '../io/libc.ts';
import { placeDevices } from './place-devices.ts';
import { isPlainDirectory, resolveInRoot } from './resolve-in-root.ts';
import type { RunSpec, SandboxMount } from './sandbox.ts';

/** What was put into a rootfs; disposing takes it out again, and puts back what was there. */
export interface PlacedMounts extends Disposable {
  /** Devices that could not be made. */
  readonly missingDevices: readonly string[];
  /** Where what was at a target lies meanwhile, when that is in the rootfs. */
  readonly asides: readonly BytePath[];
  /** @throws VarveError `SANDBOX_MOUNT` when something is not where it was put: the layer would have it */
  verify(): void;
}

export interface PlacingTools {
  readonly libc: Libc;
  /** Of a root that is the container's own: mount points in it, which have their own /dev and files of /etc. */
  readonly ownMounts?: readonly BytePath[];
}

interface Placed {
  /** Below the rootfs. */
  readonly target: BytePath;
  /** Where what was there is meanwhile. */
  readonly aside: BytePath | undefined;
  /** Where it goes back to, by moving or copying. */
  readonly source: BytePath | undefined;
  readonly isCopied: boolean;
  /** What was put there. */
  readonly id: string;
}

/** Given to every RUN, and no secret: programs replace them, as `sed -i` does. */
const REPLACED: readonly BytePath[] = ['/etc/hosts', '/etc/resolv.conf'];

/**
 * Stands in for mounts where the kernel allows none: /dev with devices, and what a RUN's mounts would show. What is
 * read-only is copied, and goes with whatever the command did to it; what is writable (a cache, say) is moved in and
 * out again, or copied where it lies on another filesystem. What was at a target is moved aside. The directories around
 * have the times that they had. Nothing may run on the rootfs before, or after it is disposed.
 * @throws VarveError `SANDBOX_MOUNT` for what cannot be honoured
 */
export function placeMounts(
  spec: Pick<RunSpec, 'mounts' | 'scratch'>,
  directory: string,
  { libc, ownMounts }: PlacingTools,
): PlacedMounts {
  const root = directory === '/' ? '' : fromText(directory);
  const placed: Placed[] = [];
  const remove = (): void => {
    for (const one of placed.splice(0).reverse()) takeOut(root, one, libc);
  };
  const place = (at: BytePath, put: (full: BytePath) => Partial<Pick<Placed, 'source' | 'isCopied'>>): void => {
    const parent = at.slice(0, at.lastIndexOf('/'));
    mkdirSync(toFsPath(root + parent || '/'), { recursive: true });
    keepingTime(root + parent || '/', libc, () => {
      let aside: BytePath | undefined;
      if (lstatSync(toFsPath(root + at), { throwIfNoEntry: false })) {
        // The scratch directory is on the store's filesystem, the container's root is not.
        const name = ownMounts ? `${root}${parent}/.varve-aside-` : fromText(`${spec.scratch}/aside-`);
        aside = `${name}${placed.length}`;
        renameSync(toFsPath(root + at), toFsPath(aside));
      }
      const entry = { target: at, aside, source: undefined, isCopied: false, id: '' };
      placed.push(entry);
      placed[placed.length - 1] = { ...entry, ...put(root + at), id: idOf(root + at) };
    });
  };
  let missingDevices: readonly string[] = [];
  try {
    if (!ownMounts)
      place(resolveInRoot(root, '/dev'), (at) => {
        missingDevices = placeDevices(at, libc);
        return {};
      });
    for (const mount of spec.mounts) {
      const at = resolveInRoot(root, mount.target);
      if (at === '') throw new VarveError('SANDBOX_MOUNT', `the mount target ${toText(mount.target)} is the root`);
      if (REPLACED.includes(at) && ownMounts?.includes(at)) continue;
      place(at, (full) => putMount(mount, full, placed, libc));
    }
  } catch (error) {
    remove();
    throw error;
  }
  const verify = (): void => {
    for (const { target, id } of placed) {
      const isThere = isPlainDirectory(root, target.slice(0, target.lastIndexOf('/'))) && idOf(root + target) === id;
      if (!isThere && !REPLACED.includes(target))
        throw new VarveError('SANDBOX_MOUNT', `the command moved, removed or replaced the mount on ${toText(target)}`, {
          hint: 'nothing can be mounted here, so that the layer would have what the mount shows; leave mounts where they are',
        });
    }
  };
  const asides = ownMounts ? placed.flatMap(({ aside }) => aside ?? []) : [];
  return { missingDevices, asides, verify, [Symbol.dispose]: remove };
}

/** What is at a path, whatever it is called. */
function idOf(path: BytePath): string {
  const stat = lstatSync(toFsPath(path), { bigint: true, throwIfNoEntry: false });
  return stat ? `${stat.dev}:${stat.ino}` : '';
}

/** @returns where it goes back to, if anywhere */
function putMount(
  mount: SandboxMount,
  at: BytePath,
  placed: readonly Placed[],
  libc: Libc,
): Partial<Pick<Placed, 'source' | 'isCopied'>> {
  if (mount.type === 'tmpfs') {
    mkdirSync(toFsPath(at));
    chmodSync(toFsPath(at), mount.mode ?? 0o1777);
    return {};
  }
  const what = `the mount on ${toText(mount.target)}`;
  if (mount.type === 'overlay') {
    throw new VarveError('SANDBOX_MOUNT', `${what} needs an overlay, and nothing can be mounted here`);
  }
  const source = fromText(mount.source);
  if (!mount.readonly && placed.some((other) => other.source === source)) {
    throw new VarveError('SANDBOX_MOUNT', `${what} shows the same directory as another one of this RUN`, {
      hint: 'nothing can be mounted here, so that a directory can be in one place only',
    });
  }
  const stat = lstatSync(toFsPath(source), { throwIfNoEntry: false });
  if (!stat) throw new VarveError('SANDBOX_MOUNT', `the mount source ${mount.source} does not exist`);
  if (!mount.readonly) {
    try {
      renameSync(toFsPath(source), toFsPath(at));
      return { source };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EXDEV') {
        throw new VarveError('SANDBOX_MOUNT', `${what} cannot be made: ${mount.source} cannot be moved`, {
          cause: error,
        });
      }
    }
  }
  // A socket is reached by its own name only.
  if (stat.isSocket()) symlinkSync(toFsPath(source), toFsPath(at));
  else copyTree(source, at, { libc });
  return mount.readonly || mount.isCopy || stat.isSocket() ? {} : { source, isCopied: true };
}

function takeOut(root: BytePath, { target, aside, source, isCopied }: Placed, libc: Libc): void {
  const parent = target.slice(0, target.lastIndexOf('/'));
  // The command may have replaced a directory above by a link to elsewhere.
  if (!isPlainDirectory(root, parent)) return;
  keepingTime(root + parent || '/', libc, () => {
    const at = toFsPath(root + target);
    const isThere = lstatSync(at, { throwIfNoEntry: false })?.isSymbolicLink() === false;
    if (source !== undefined && isThere && !isCopied) renameSync(at, toFsPath(source));
    else {
      if (source !== undefined && isThere) replaceTree(root + target, source, libc);
      rmSync(at, { recursive: true, force: true });
    }
    if (aside !== undefined) renameSync(toFsPath(aside), at);
  });
}

/** Never a part of it: who is killed in between leaves the old one, the new one or, for an instant, none. */
function replaceTree(from: BytePath, to: BytePath, libc: Libc): void {
  const [fresh, old] = [toFsPath(`${to}.new`), toFsPath(`${to}.old`)];
  for (const path of [fresh, old]) rmSync(path, { recursive: true, force: true });
  copyTree(from, `${to}.new`, { libc });
  renameSync(toFsPath(to), old);
  renameSync(fresh, toFsPath(to));
  rmSync(old, { recursive: true, force: true });
}

/** Does something in a directory whose modification time stays. */
function keepingTime(directory: BytePath, libc: Libc, work: () => void): void {
  const { mtimeNs } = lstatSync(toFsPath(directory), { bigint: true });
  work();
  libc.setTime(directory, mtimeNs);
}
