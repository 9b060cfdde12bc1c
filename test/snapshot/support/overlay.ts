import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, lstatSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadLibc } from '../../../src/io/libc.ts';
import type { DiskOp } from './disk-ops.ts';

export interface OverlayRun {
  readonly upper: string;
  /** A copy of the merged view, with ns times, hard links and xattrs. */
  readonly merged: string;
}

/**
 * Mounts a real overlay over `<base>/lower` in a mount namespace of its own, applies the operations there, and copies
 * what is to be seen. The upper directory gets the lower's own mode, owner and time first, as a rootfs has them.
 */
export function runOnOverlay(base: string, ops: readonly DiskOp[], options: readonly string[] = []): OverlayRun {
  const at = (name: string): string => join(base, name);
  for (const name of ['upper', 'work', 'mount', 'merged']) mkdirSync(at(name));
  const root = lstatSync(at('lower'), { bigint: true });
  chmodSync(at('upper'), Number(root.mode & 0o7777n));
  chownSync(at('upper'), Number(root.uid), Number(root.gid));
  loadLibc().setTime(at('upper'), root.mtimeNs);
  writeFileSync(at('ops.json'), JSON.stringify(ops));
  const mountOptions = [`lowerdir=${at('lower')}`, `upperdir=${at('upper')}`, `workdir=${at('work')}`, ...options];
  const script = `set -e
    mount -t overlay overlay -o "$1" "$2/mount"
    "$3" "$4" "$2/mount" "$2/ops.json" tolerate
    cp -a "$2/mount/." "$2/merged"`;
  const child = spawnSync(
    'unshare',
    [
      '-m',
      'sh',
      '-c',
      script,
      'sh',
      mountOptions.join(','),
      base,
      process.execPath,
      join(import.meta.dirname, 'run-ops.ts'),
    ],
    { encoding: 'utf8' },
  );
  if (child.status !== 0) throw new Error(`overlay: ${child.stderr}`);
  return { upper: at('upper'), merged: at('merged') };
}
