import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';

/** An ext4 of its own, on a loop device. */
export interface SmallDisk extends Disposable {
  /** Makes it larger, in MiB. */
  grow(size: number): void;
  remount(mode: 'ro' | 'rw'): void;
}

/**
 * Makes a file system and mounts it at a directory; needs root.
 * @param inodes as few of them; what mkfs takes when absent
 */
export function smallDisk(directory: string, size: number, inodes?: number): SmallDisk {
  const image = `${directory}.img`;
  execFileSync('truncate', ['-s', `${size}M`, image]);
  execFileSync('mkfs.ext4', ['-q', '-F', ...(inodes === undefined ? [] : ['-N', String(inodes)]), image]);
  mkdirSync(directory, { recursive: true });
  execFileSync('mount', ['-o', 'loop', image, directory]);
  return {
    grow(newSize) {
      execFileSync('umount', [directory]);
      execFileSync('truncate', ['-s', `${newSize}M`, image]);
      execFileSync('e2fsck', ['-fp', image], { stdio: 'ignore' });
      execFileSync('resize2fs', [image], { stdio: 'ignore' });
      execFileSync('mount', ['-o', 'loop', image, directory]);
    },
    remount: (mode) => void execFileSync('mount', ['-o', `remount,${mode}`, directory]),
    [Symbol.dispose]() {
      execFileSync('umount', ['-l', directory]);
      rmSync(image);
    },
  };
}
