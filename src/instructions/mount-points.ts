import { chmodSync, existsSync, lchownSync, lstatSync, mkdirSync, rmdirSync, unlinkSync, writeFileSync } from 'node:fs';
import { VarveError } from '../errors.ts';
import { type BytePath, joinBytes, parentOf, toFsPath } from '../io/byte-path.ts';
import type { Libc } from '../io/libc.ts';
import type { Entry } from '../snapshot/entry.ts';
import type { FileSource } from '../snapshot/file-source.ts';
import { resolvePath } from '../snapshot/resolve-path.ts';

export interface MountPoint {
  /** Absolute, as the mount names it; symlinks are followed inside the root. */
  readonly target: BytePath;
  readonly type: 'file' | 'dir';
}

/** What {@link makeMountPoints} made. */
export interface MadeMountPoints {
  /** Each target's resolved absolute path, in order. */
  readonly targets: readonly BytePath[];
  /** What was not in the snapshot, parents first. */
  readonly made: readonly BytePath[];
}

/**
 * Makes what mounts need to land on in a directory that becomes the topmost *lower* layer of the overlay: so the
 * upper directory, and with it the layer, never sees a mount point; or in a plain rootfs that is recorded afterwards.
 * Parents that exist have the same metadata afterwards.
 */
export async function makeMountPoints(
  source: FileSource,
  points: readonly MountPoint[],
  directory: string,
  libc: Libc,
): Promise<MadeMountPoints> {
  const made = new Set<BytePath>(['']);
  const resolved: BytePath[] = [];
  for (const point of points) {
    const { path, entry } = await resolvePath(source, point.target.replace(/^\/+/, ''), { followLast: true });
    if (entry && (entry.type === 'dir') !== (point.type === 'dir')) {
      throw new VarveError(
        'MOUNT_TARGET',
        `cannot mount a ${point.type === 'dir' ? 'directory' : 'file'} on ${point.target}: the image has a ${entry.type} there`,
      );
    }
    if (!entry && !made.has(path)) await makePoint(source, path, point.type, { directory, libc, made });
    resolved.push(`/${path}`);
  }
  // What was made in a directory changed its time.
  for (const path of [...made].reverse()) await mirror(source, path, joinBytes(directory, path), libc);
  const missing = await Promise.all([...made].map(async (path) => ((await source.lookup(path)) ? [] : [path])));
  return { targets: resolved, made: missing.flat() };
}

/**
 * Takes mount points out of a plain rootfs again, but what the command put things into.
 * @param source the snapshot as it is now
 */
export async function removeMountPoints(
  source: FileSource,
  made: readonly BytePath[],
  directory: BytePath,
  libc: Libc,
): Promise<void> {
  for (const path of [...made].reverse()) {
    const at = toFsPath(joinBytes(directory, path));
    const found = lstatSync(at, { throwIfNoEntry: false });
    if (!found || (await source.lookup(path))) continue;
    if (found.isDirectory()) rmdirSync(at);
    else unlinkSync(at);
    await mirror(source, parentOf(path), joinBytes(directory, parentOf(path)), libc);
  }
}

async function makePoint(
  source: FileSource,
  path: BytePath,
  type: MountPoint['type'],
  stub: { directory: string; libc: Libc; made: Set<BytePath> },
): Promise<void> {
  const parent = parentOf(path);
  if (!stub.made.has(parent)) await makeParents(source, parent, stub);
  const at = joinBytes(stub.directory, path);
  // A container's own root has them by itself.
  if (lstatSync(toFsPath(at), { throwIfNoEntry: false })) return;
  if (type === 'dir') mkdirSync(toFsPath(at), { mode: 0o755 });
  else writeFileSync(toFsPath(at), '', { mode: 0o644 });
  stub.made.add(path);
}

async function makeParents(source: FileSource, path: BytePath, stub: Parameters<typeof makePoint>[3]): Promise<void> {
  const parent = parentOf(path);
  if (!stub.made.has(parent)) await makeParents(source, parent, stub);
  const at = toFsPath(joinBytes(stub.directory, path));
  if (!existsSync(at)) mkdirSync(at, { mode: 0o755 });
  stub.made.add(path);
}

/** Gives a directory on disk the metadata that the snapshot's directory at `path` has, when it has one. */
export async function mirror(source: FileSource, path: BytePath, directory: BytePath, libc: Libc): Promise<void> {
  const found = await source.lookup(path);
  const [entry] = found ? await source.complete([{ path, entry: found }]) : [];
  if (entry) applyMetadata(entry, directory, libc);
}

function applyMetadata(entry: Entry, path: BytePath, libc: Libc): void {
  lchownSync(toFsPath(path), entry.uid, entry.gid);
  chmodSync(toFsPath(path), entry.mode);
  for (const [name, value] of entry.xattrs ?? []) libc.setXattr(path, name, value);
  libc.setTime(path, entry.mtime);
}
