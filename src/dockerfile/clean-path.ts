/** Go's `path.Clean`: one slash between parts, no `.`, no `..` that can be resolved; never empty. */
export function cleanPath(path: string): string {
  const rooted = path.startsWith('/');
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.length > 0 && parts.at(-1) !== '..') parts.pop();
    else if (!rooted) parts.push(part);
  }
  const clean = parts.join('/');
  if (rooted) return `/${clean}`;
  return clean === '' ? '.' : clean;
}
