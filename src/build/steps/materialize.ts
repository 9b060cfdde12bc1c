import {
  chmodSync,
  constants,
  copyFileSync,
  lchownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { VarveError } from '../../errors.ts';
import { type BytePath, fromText, joinBytes, toFsPath } from '../../io/byte-path.ts';
import type { Libc } from '../../io/libc.ts';
import { tryMakeDevice } from '../../io/make-device.ts';
import type { Entry } from '../../snapshot/entry.ts';
import type { FileSource } from '../../snapshot/file-source.ts';
import { resolvePath } from '../../snapshot/resolve-path.ts';

export interface MaterializeOptions {
  readonly libc: Libc;
  /** Files of a build context belong to root; `none` leaves them to whom runs varve. */
  readonly owners: 'keep' | 'root' | 'none';
  /** Whether the destination may exist: directories are merged, everything else is replaced. */
  readonly replace?: boolean;
  /** Paths of the source that are left out, with all below. */
  readonly skip?: (path: BytePath, type: Entry['type']) => boolean;
  /** Whether a device that may not be made here is left out, where only RUN sees what is made. */
  readonly leavesDevices?: boolean;
  /** How a file's bytes get to where they belong; by reflink where the filesystem can when absent. */
  readonly copyFile?: (from: BytePath, to: BytePath, entry: Entry) => void;
  /** mtime of everything, ns since 1970; without it, the entries' own. */
  readonly mtime?: bigint;
}

/**
 * Copies a path of a source to disk for a bind mount, by reflink where the filesystem can.
 * @returns the copy's path and whether it is a file or a directory
 * @throws VarveError `MOUNT_SOURCE` when the path is not there
 */
export async function materialize(
  source: FileSource,
  path: string,
  dest: string,
  options: MaterializeOptions,
): Promise<{ path: string; type: 'file' | 'dir' }> {
  const { path: real, entry } = await findMountSource(source, path);
  const copier = { source, options, links: new Map<string, BytePath>() };
  await copyEntry(copier, real, entry, fromText(dest));
  return { path: dest, type: entry.type === 'dir' ? 'dir' : 'file' };
}

/**
 * What a mount's `source` is, symlinks followed.
 * @throws VarveError `MOUNT_SOURCE` when the path is not there
 */
export async function findMountSource(source: FileSource, path: string): Promise<{ path: BytePath; entry: Entry }> {
  const { path: real, entry } = await resolvePath(source, fromText(path), { followLast: true });
  if (entry) return { path: real, entry };
  throw new VarveError('MOUNT_SOURCE', `"/${path.replace(/^(\.?\/)+/, '')}": not found`);
}

interface Copier {
  readonly source: FileSource;
  readonly options: MaterializeOptions;
  /** First copy of each group of hard links. */
  readonly links: Map<string, BytePath>;
}

async function copyEntry(copier: Copier, path: BytePath, found: Entry, dest: BytePath): Promise<void> {
  const [entry] = await copier.source.complete([{ path, entry: found }]);
  if (!entry) return;
  const at = toFsPath(dest);
  const { libc, owners, replace = false, skip } = copier.options;
  if (skip?.(path, entry.type)) return;
  if (replace && entry.type !== 'dir') removeOld(at);
  switch (entry.type) {
    case 'dir':
      makeDirectory(at, replace);
      for (const child of await copier.source.list(path)) {
        await copyEntry(copier, joinBytes(path, child.name), child.entry, joinBytes(dest, child.name));
      }
      break;
    case 'symlink':
      symlinkSync(toFsPath(entry.target ?? ''), at);
      break;
    case 'file': {
      const first = entry.hardlink === undefined ? undefined : copier.links.get(entry.hardlink);
      if (first !== undefined) return linkSync(toFsPath(first), at);
      const content = await copier.source.content(path, entry);
      if ('bytes' in content) writeFileSync(at, content.bytes);
      else if (copier.options.copyFile) copier.options.copyFile(content.path, dest, entry);
      else copyFileSync(toFsPath(content.path), at, constants.COPYFILE_FICLONE);
      if (entry.hardlink !== undefined) copier.links.set(entry.hardlink, dest);
      break;
    }
    default: {
      const [mode, device] = [S_IFMT[entry.type] | 0o600, entry.device ?? ([0, 0] as const)];
      if (!copier.options.leavesDevices) libc.mknod(dest, mode, ...device);
      else if (!tryMakeDevice(libc, dest, mode, device)) return;
    }
  }
  if (owners !== 'none') lchownSync(at, owners === 'root' ? 0 : entry.uid, owners === 'root' ? 0 : entry.gid);
  if (entry.type !== 'symlink') chmodSync(at, entry.mode);
  if (owners !== 'none') for (const [name, value] of entry.xattrs ?? []) libc.setXattr(dest, name, value);
  libc.setTime(dest, copier.options.mtime ?? entry.mtime);
}

const S_IFMT = { char: constants.S_IFCHR, block: constants.S_IFBLK, fifo: constants.S_IFIFO };

/** A link that stands where a directory belongs is not followed: what is written would land outside. */
function makeDirectory(at: Buffer, replace: boolean): void {
  const old = replace ? lstatSync(at, { throwIfNoEntry: false }) : undefined;
  if (old?.isDirectory()) return;
  if (old) unlinkSync(at);
  mkdirSync(at, { recursive: replace });
}

function removeOld(at: Buffer): void {
  const old = lstatSync(at, { throwIfNoEntry: false });
  if (old?.isDirectory()) {
    throw new VarveError('OUTPUT_CONFLICT', `${at.toString()} is a directory, and the image has no directory there`, {
      hint: 'write to an empty directory',
    });
  }
  if (old) unlinkSync(at);
}
