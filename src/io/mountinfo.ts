import { readFileSync } from 'node:fs';
import type { BytePath } from './byte-path.ts';

/** A mount that this process sees. */
export interface Mount {
  /** Which directory of its filesystem it shows, as the kernel escapes it. */
  readonly root: string;
  readonly point: BytePath;
  /** The same as the kernel escapes it, and fstab does. */
  readonly escapedPoint: string;
  /** The mount's own, such as `ro`. */
  readonly options: readonly string[];
  readonly type: string;
}

/** This process's mounts, those on top last. @throws Error without /proc: nobody may take that for "no mounts" */
export function readMounts(): Mount[] {
  return parseMountinfo(readFileSync('/proc/self/mountinfo', 'latin1'));
}

/** @see https://man7.org/linux/man-pages/man5/proc_pid_mountinfo.5.html */
export function parseMountinfo(text: string): Mount[] {
  return text.split('\n').flatMap((line) => {
    const [left = '', right = ''] = line.split(' - ');
    const [, , , root = '', escapedPoint = '', options = ''] = left.split(' ');
    if (escapedPoint === '') return [];
    const point = escapedPoint.replace(/\\([0-7]{3})/g, (_, octal: string) =>
      String.fromCharCode(Number.parseInt(octal, 8)),
    );
    return { root, point, escapedPoint, options: options.split(','), type: right.split(' ')[0] ?? '' };
  });
}
