import { type BytePath, fromText } from '../io/byte-path.ts';

export interface Destination {
  /** Clean, without leading slash, links not resolved. */
  readonly path: BytePath;
  /** It was written as a directory (`x/`, `x/.`, `.` or nothing): files go into it whether it exists or not. */
  readonly isDirectory: boolean;
}

/**
 * Destination of COPY and ADD: relative to the working directory, `..` stops at the root, and only the way it ends says
 * whether it must be a directory. Takes expanded text.
 */
export function copyDestination(dest: string, workdir: string): Destination {
  const written = dest === '' || dest === '.' ? './' : dest;
  const path = cleanPath(written.startsWith('/') ? written : `${workdir}/${written}`);
  return { path: fromText(path), isDirectory: path === '' || written.endsWith('/') || written.endsWith('/.') };
}

/** A path as text without `.`, `..`, doubled and outer slashes; `..` stops at the root. Go's path.Clean against `/`. */
export function cleanPath(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return parts.join('/');
}
