import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, statfsSync } from 'node:fs';
import { join } from 'node:path';

const MIB = 1024 * 1024;

/** An ext4 of its own, on a loop device. */
export interface SmallDisk extends Disposable {
  /** Takes all of it but so many MiB. */
  fill(free: number): void;
  /** Gives back what fill() took. */
  free(): void;
  remount(mode: 'ro' | 'rw'): void;
}

/**
 * Makes a file system and mounts it at a directory; needs root.
 * @param inodes as few of them; what mkfs takes when absent
 */
export function smallDisk(directory: string, size: number, inodes?: number): SmallDisk {
  const ballast = join(directory, 'ballast');
  const image = `${directory}.img`;
  execFileSync('truncate', ['-s', `${size}M`, image]);
  execFileSync('mkfs.ext4', ['-q', '-F', ...(inodes === undefined ? [] : ['-N', String(inodes)]), image]);
  mkdirSync(directory, { recursive: true });
  const device = execFileSync('losetup', ['--find', '--show', image], { encoding: 'utf8' }).trim();
  execFileSync('mount', [device, directory]);
  return {
    fill: (free) => {
      // Root may use what is reserved.
      const { bfree, bsize } = statfsSync(directory);
      execFileSync('fallocate', ['-l', String(bfree * bsize - free * MIB), ballast]);
    },
    free: () => rmSync(ballast),
    remount: (mode) => void execFileSync('mount', ['-o', `remount,${mode}`, directory]),
    [Symbol.dispose]() {
      execFileSync('umount', ['-l', directory]);
      execFileSync('losetup', ['--detach', device]);
      rmSync(image);
    },
  };
}
