import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { ReadyMount } from '../../instructions/execute-run.ts';
import { mirror } from '../../instructions/mount-points.ts';
import type { RunMount } from '../../instructions/step.ts';
import { fromText, joinBytes, toText } from '../../io/byte-path.ts';
import type { Libc } from '../../io/libc.ts';
import type { FileSource } from '../../snapshot/file-source.ts';
import { findMountSource, materialize } from '../steps/materialize.ts';

/** Whatever the mode of a context's directory is, BuildKit shows its root with this one. */
const CONTEXT_ROOT_MODE = 0o755;

/** What a bind mount is made from, and where. */
export interface BindPlace {
  readonly source: FileSource;
  /** A directory of the mount's own. */
  readonly place: string;
  readonly libc: Libc;
  readonly isPrivileged: boolean;
  /** False where nothing can be mounted: then it is a copy that the sandbox may move. */
  readonly canMount: boolean;
}

/**
 * Nothing is copied where it can be shown as it lies on disk: a context's directory is bound, layers are stacked. What
 * is written goes to an upper directory of the step's own, and away with it.
 */
export async function bindMount(
  mount: Extract<RunMount, { type: 'bind' }>,
  { source, place, libc, isPrivileged, canMount }: BindPlace,
): Promise<ReadyMount> {
  const target = fromText(mount.target);
  const isContext = mount.from.kind === 'context' || mount.from.kind === 'named';
  const { path, entry } = await findMountSource(source, mount.source);
  const type = entry.type === 'dir' ? 'dir' : 'file';
  const directories = canMount ? await source.onDisk?.(path) : undefined;
  if (!directories) {
    const copy = join(place, 'files');
    await materialize(source, mount.source, copy, { libc, owners: isContext ? 'root' : 'keep', leavesDevices: true });
    if (isContext && path === '') chmodSync(copy, CONTEXT_ROOT_MODE);
    const readonly = canMount && !mount.writable;
    return { type, mount: { type: 'bind', source: copy, target, readonly, isCopy: true } };
  }
  const isOpenToAll = path !== '' || (entry.uid === 0 && entry.gid === 0 && (entry.mode & 0o555) === 0o555);
  const full = joinBytes(fromText(directories[0] ?? ''), path);
  const isText = fromText(toText(full)) === full;
  // A privileged RUN could make a bind writable.
  if (isContext && !mount.writable && !isPrivileged && isOpenToAll && isText)
    return { type, mount: { type: 'bind', source: toText(full), target, readonly: true } };
  const [upper, work, empty] = ['upper', 'work', 'empty'].map((name) => join(place, name)) as [string, string, string];
  for (const directory of [upper, work, empty]) mkdirSync(directory);
  chmodSync(upper, CONTEXT_ROOT_MODE);
  if (!isContext) await mirror(source, '', fromText(upper), libc);
  const lower = directories.length > 0 ? directories : [empty];
  return { type, mount: { type: 'overlay', lower, path, kind: type, target, upper, work, readonly: !mount.writable } };
}
