import type { BytePath } from '../io/byte-path.ts';

const SLASH = 0x2f;

/**
 * Order of a tree walk, for sort(): by bytes, but a slash comes before every other byte, so that a directory's
 * children follow it before `dir-other` does.
 */
export function comparePaths(a: BytePath, b: BytePath): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return (x === SLASH ? -1 : x) - (y === SLASH ? -1 : y);
  }
  return a.length - b.length;
}
