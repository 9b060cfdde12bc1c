import { readFileSync } from 'node:fs';
import type { BytePath } from '../io/byte-path.ts';

/** Absolute paths of all mount points that this process sees but the root, as byte strings. @see proc(5), mountinfo */
export function mountPoints(mountinfo = readFileSync('/proc/self/mountinfo', 'latin1')): BytePath[] {
  const points = mountinfo.split('\n').map((line) => line.split(' ')[4] ?? '');
  const unescaped = points.map((point) =>
    point.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8))),
  );
  return [...new Set(unescaped)].filter((point) => point !== '' && point !== '/');
}
