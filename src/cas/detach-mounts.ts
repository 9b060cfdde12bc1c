import { readMounts } from '../io/mountinfo.ts';
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

function mountPoints(root: string): string[] {
  return readMounts().flatMap(({ point }) => (point === root || point.startsWith(`${root}/`) ? point : []));
}
