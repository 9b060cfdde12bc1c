/** Go's path.Match on a name without slashes: `*`, `?` and `[…]`. */
export function matchesName(pattern: string, name: string): boolean {
  const source = pattern.replace(/\[(\^?)([^\]]+)\]|[\s\S]/g, (token, not?: string, set?: string) => {
    if (set !== undefined) return `[${not}${set.replace(/[\\\]]/g, '\\$&')}]`;
    if (token === '*') return '[^/]*';
    if (token === '?') return '[^/]';
    return token.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
  });
  return new RegExp(`^${source}$`, 's').test(name);
}

export function isPattern(text: string): boolean {
  return /[*?[\]]/.test(text);
}
