import { chmodSync, chownSync, copyFileSync, lstatSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { VarveError } from '../errors.ts';
import { type BytePath, fromText, toFsPath, toText } from '../io/byte-path.ts';
import type { Libc } from '../io/libc.ts';
import { placeDevices } from './place-devices.ts';
import { isPlainDirectory, resolveInRoot } from './resolve-in-root.ts';
import type { PlainRootfs, RunSpec, SandboxMount } from './sandbox.ts';

/** What was put into a rootfs; disposing takes it out again, and puts back what was there. */
export interface PlacedMounts extends Disposable {
  /** Devices that could not be made. */
  readonly missingDevices: readonly string[];
  /** @throws VarveError `SANDBOX_MOUNT` when something is not where it was put: the layer would have it */
  verify(): void;
}

export interface PlacingTools {
  readonly libc: Libc;
  /** Copies a directory with all that it has, owners and times too. */
  copyTree(from: string, to: string): void;
}

interface Placed {
  /** Below the rootfs. */
  readonly target: BytePath;
  /** Where what was there is meanwhile. */
  readonly aside: BytePath | undefined;
  /** Where what was moved comes from and goes back to. */
  readonly source: BytePath | undefined;
  /** What was put there. */
  readonly id: string;
}

/** Given to every RUN, and no secret: programs replace them, as `sed -i` does. */
const REPLACED: readonly BytePath[] = ['/etc/hosts', '/etc/resolv.conf'];

/**
 * Stands in for mounts where the kernel allows none: /dev with devices, and what a RUN's mounts would show. What is
 * read-only is copied, and goes with whatever the command did to it; what is writable (a cache, say) is moved in and
 * out again. What was at a target is moved aside. The directories around have the times that they had.
 * Nothing may run on the rootfs before, or after it is disposed.
 * @throws VarveError `SANDBOX_MOUNT` for what cannot be honoured
 */
export function placeMounts(spec: RunSpec & { readonly rootfs: PlainRootfs }, tools: PlacingTools): PlacedMounts {
  const { libc } = tools;
  const root = fromText(spec.rootfs.directory);
  const placed: Placed[] = [];
  const remove = (): void => {
    for (const one of placed.splice(0).reverse()) takeOut(root, one, libc);
  };
  const place = (target: BytePath, put: (at: BytePath) => BytePath | undefined): void => {
    const at = resolveInRoot(root, target);
    const parent = at.slice(0, at.lastIndexOf('/'));
    if (at === '') throw new VarveError('SANDBOX_MOUNT', `the mount target ${toText(target)} is the root`);
    mkdirSync(toFsPath(root + parent), { recursive: true });
    keepingTime(root + parent, libc, () => {
      let aside: BytePath | undefined;
      if (lstatSync(toFsPath(root + at), { throwIfNoEntry: false })) {
        aside = fromText(`${spec.scratch}/aside-${placed.length}`);
        renameSync(toFsPath(root + at), toFsPath(aside));
      }
      const entry = { target: at, aside, source: undefined, id: '' };
      placed.push(entry);
      placed[placed.length - 1] = { ...entry, source: put(root + at), id: idOf(root + at) };
    });
  };
  let missingDevices: readonly string[] = [];
  try {
    place('/dev', (at) => {
      missingDevices = placeDevices(at, libc);
      return undefined;
    });
    for (const mount of spec.mounts)
      place(mount.target, (at) => putMount(mount, at, placed, { ...tools, scratch: spec.scratch }));
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
  return { missingDevices, verify, [Symbol.dispose]: remove };
}

/** What is at a path, whatever it is called. */
function idOf(path: BytePath): string {
  const stat = lstatSync(toFsPath(path), { bigint: true, throwIfNoEntry: false });
  return stat ? `${stat.dev}:${stat.ino}` : '';
}

/** @returns the source, when it was moved */
function putMount(
  mount: SandboxMount,
  at: BytePath,
  placed: readonly Placed[],
  { copyTree, scratch }: PlacingTools & { readonly scratch: string },
): BytePath | undefined {
  if (mount.type === 'tmpfs') {
    mkdirSync(toFsPath(at));
    chmodSync(toFsPath(at), mount.mode ?? 0o1777);
    return undefined;
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
      return source;
    } catch (error) {
      throw new VarveError(
        'SANDBOX_MOUNT',
        `${what} cannot be made: nothing can be mounted here, and ${mount.source} cannot be moved`,
        {
          cause: error,
          hint: "the store's mounts and its temporary files have to lie on one file system",
        },
      );
    }
  }
  if (stat.isDirectory()) {
    // By way of a name that every program takes.
    const copy = `${scratch}/copy-${placed.length}`;
    copyTree(mount.source, copy);
    renameSync(copy, toFsPath(at));
    return undefined;
  }
  copyFileSync(toFsPath(source), toFsPath(at));
  chownSync(toFsPath(at), stat.uid, stat.gid);
  chmodSync(toFsPath(at), stat.mode & 0o7777);
  return undefined;
}

function takeOut(root: BytePath, { target, aside, source }: Placed, libc: Libc): void {
  const parent = target.slice(0, target.lastIndexOf('/'));
  // The command may have replaced a directory above by a link to elsewhere.
  if (!isPlainDirectory(root, parent)) return;
  keepingTime(root + parent, libc, () => {
    const at = toFsPath(root + target);
    const isKept = source !== undefined && lstatSync(at, { throwIfNoEntry: false })?.isSymbolicLink() === false;
    if (isKept) renameSync(at, toFsPath(source));
    else rmSync(at, { recursive: true, force: true });
    if (aside !== undefined) renameSync(toFsPath(aside), at);
  });
}

/** Does something in a directory whose modification time stays. */
function keepingTime(directory: BytePath, libc: Libc, work: () => void): void {
  const { mtimeNs } = lstatSync(toFsPath(directory), { bigint: true });
  work();
  libc.setTime(directory, mtimeNs);
}
