import type { BytePath } from './byte-path.ts';
import type { Libc } from './libc.ts';

/**
 * Makes a device file where the kernel lets this process: in a user namespace, and without CAP_MKNOD, it lets nobody.
 * @param mode with the file type
 * @returns false where it is refused
 */
export function tryMakeDevice(
  libc: Pick<Libc, 'mknod'>,
  path: BytePath,
  mode: number,
  device: readonly [major: number, minor: number],
): boolean {
  try {
    libc.mknod(path, mode, ...device);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EPERM') return false;
    throw error;
  }
}
