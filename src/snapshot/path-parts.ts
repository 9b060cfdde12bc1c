import type { BytePath } from '../io/byte-path.ts';

/**
 * `a/b` → `['a', 'b']`, the root → `[]`.
 * @throws Error for a path that is not in the form of a {@link LayerItem}'s: callers clean paths from outside first
 */
export function pathParts(path: BytePath): string[] {
  if (path === '') return [];
  const parts = path.split('/');
  for (const part of parts)
    if (part === '' || part === '.' || part === '..') throw new Error(`not a clean relative path: '${path}'`);
  return parts;
}
