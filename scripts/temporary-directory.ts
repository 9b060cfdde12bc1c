import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface TemporaryDirectory extends Disposable {
  readonly path: string;
}

/** A new directory under the system's temporary directory, gone (with what was mounted in it) when disposed. */
export function temporaryDirectory(name: string): TemporaryDirectory {
  const path = mkdtempSync(join(tmpdir(), `${name}-`));
  return {
    path,
    [Symbol.dispose]: () => removeTree(path),
  };
}

/**
 * Removes a directory and all below it. What is mounted there (a build that was killed may leave a rootfs) is unmounted
 * first, because removing files through a mount would remove somebody else's.
 */
export function removeTree(path: string): void {
  for (const mount of mountsBelow(path)) execFileSync('umount', ['--lazy', mount]);
  const left = mountsBelow(path);
  if (left.length > 0) throw new Error(`${path} is kept: ${left.join(', ')} can't be unmounted`);
  rmSync(path, { recursive: true, force: true, maxRetries: 3 });
}

/** Mount points at and below a directory, the deepest first. */
function mountsBelow(path: string): string[] {
  // https://man7.org/linux/man-pages/man5/proc_pid_mountinfo.5.html: the fifth field, with \040 for a blank
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) =>
      (line.split(' ')[4] ?? '').replace(/\\([0-7]{3})/g, (_, code) => String.fromCharCode(parseInt(code, 8))),
    )
    .filter((mount) => mount === path || mount.startsWith(`${path}/`))
    .reverse();
}
