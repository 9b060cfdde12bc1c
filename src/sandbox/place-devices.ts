import { chmodSync, constants, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { type BytePath, toFsPath } from '../io/byte-path.ts';
import type { Libc } from '../io/libc.ts';

interface Device {
  readonly name: string;
  readonly major: number;
  readonly minor: number;
}

/** Linux's numbers (Documentation/admin-guide/devices.txt). */
const DEVICES: readonly Device[] = [
  { name: 'null', major: 1, minor: 3 },
  { name: 'zero', major: 1, minor: 5 },
  { name: 'full', major: 1, minor: 7 },
  { name: 'random', major: 1, minor: 8 },
  { name: 'urandom', major: 1, minor: 9 },
  { name: 'tty', major: 5, minor: 0 },
];
const LINKS: readonly (readonly [name: string, target: string])[] = [
  ['fd', '/proc/self/fd'],
  ['stdin', '/proc/self/fd/0'],
  ['stdout', '/proc/self/fd/1'],
  ['stderr', '/proc/self/fd/2'],
];

/**
 * Fills a new /dev where nothing can be mounted: the usual devices by mknod(2), /dev/shm as a directory. Where the kernel
 * makes no devices (user namespaces, no CAP_MKNOD) /dev/null is an ordinary empty file that takes what is written to it,
 * and the others are left out: a file of zeros or of random bytes would be wrong in ways that nobody sees.
 * @returns the names of devices that could not be made
 */
export function placeDevices(directory: BytePath, libc: Libc): string[] {
  mkdirSync(toFsPath(directory));
  chmodSync(toFsPath(directory), 0o755);
  const missing: string[] = [];
  for (const { name, major, minor } of DEVICES) {
    const path = `${directory}/${name}`;
    try {
      libc.mknod(path, constants.S_IFCHR | 0o666, major, minor);
    } catch {
      missing.push(name);
      if (name !== 'null') continue;
      writeFileSync(toFsPath(path), '');
    }
    chmodSync(toFsPath(path), 0o666);
  }
  for (const [name, target] of LINKS) symlinkSync(target, toFsPath(`${directory}/${name}`));
  mkdirSync(toFsPath(`${directory}/shm`));
  chmodSync(toFsPath(`${directory}/shm`), 0o1777);
  return missing;
}
