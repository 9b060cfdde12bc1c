import { readFileSync } from 'node:fs';
import type { KernelCalls } from './kernel-calls.ts';

/**
 * Detaches every mount at or below a directory, deepest first. A process that was killed may leave an overlay or bind
 * mounts behind, and removing files through a bind mount would remove the user's own.
 * @param path absolute and without symlinks
 * @throws Error when a mount is left: nothing below `path` may be removed then
 */
export function detachMounts(path: string, kernel: KernelCalls): void {
  const root = Buffer.from(path).toString('latin1');
  // Later mounts lie on top of earlier ones.
  for (const point of mountPoints(root).reverse()) kernel.detachMount(point);
  const left = mountPoints(root);
  if (left.length > 0) throw new Error(`still mounted: ${left.join(', ')}`);
}

/** @see https://man7.org/linux/man-pages/man5/proc_pid_mountinfo.5.html field 5 is the mount point, octal-escaped */
function mountPoints(root: string): string[] {
  const points: string[] = [];
  for (const line of readFileSync('/proc/self/mountinfo', 'latin1').split('\n')) {
    const field = line.split(' ', 5)[4];
    if (field === undefined) continue;
    const point = field.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
    if (point === root || point.startsWith(`${root}/`)) points.push(point);
  }
  return points;
}
