/** Code points from `low` to `high`; a range the wrong way round matches nothing. */
export interface Range {
  readonly low: number;
  readonly high: number;
}

export type GlobToken =
  | { readonly kind: 'char'; readonly code: number }
  /** `?`: one character that is no slash. */
  | { readonly kind: 'any' }
  /** `*`: any number of characters that are no slash. */
  | { readonly kind: 'star' }
  /** `**` at the end: anything at all. */
  | { readonly kind: 'rest' }
  /** `**` elsewhere, the slash behind it included: nothing, or anything up to and with a slash. */
  | { readonly kind: 'dirs' }
  /** `[a-z]`, which may match a slash. */
  | { readonly kind: 'class'; readonly negated: boolean; readonly ranges: readonly Range[] };

/**
 * Reads a pattern of Go's filepath.Match; https://pkg.go.dev/path/filepath#Match
 *
 * @param doubleStar whether `**` crosses directories, as in ignore files; else it is two stars
 * @returns undefined when the pattern is malformed
 */
export function parseGlob(pattern: string, doubleStar: boolean): GlobToken[] | undefined {
  const chars = Array.from(pattern);
  const tokens: GlobToken[] = [];
  for (let i = 0; i < chars.length; ) {
    const char = chars[i++]!;
    if (char === '*' && doubleStar && chars[i] === '*') {
      i++;
      if (chars[i] === '/') i++;
      tokens.push({ kind: i === chars.length ? 'rest' : 'dirs' });
    } else if (char === '*') {
      tokens.push({ kind: 'star' });
    } else if (char === '?') {
      tokens.push({ kind: 'any' });
    } else if (char === '[') {
      const found = readClass(chars, i);
      if (found === undefined) return undefined;
      tokens.push(found.token);
      i = found.next;
    } else if (char === '\\') {
      const escaped = chars[i++];
      if (escaped === undefined) return undefined;
      tokens.push({ kind: 'char', code: escaped.codePointAt(0)! });
    } else {
      tokens.push({ kind: 'char', code: char.codePointAt(0)! });
    }
  }
  return tokens;
}

function readClass(chars: readonly string[], start: number): { token: GlobToken; next: number } | undefined {
  const negated = chars[start] === '^';
  const ranges: Range[] = [];
  let i = negated ? start + 1 : start;
  const member = (): number | undefined => {
    if (chars[i] === '\\') i++;
    else if (chars[i] === '-' || chars[i] === ']') return undefined;
    return chars[i++]?.codePointAt(0);
  };
  while (chars[i] !== ']' || ranges.length === 0) {
    const low = member();
    if (low === undefined) return undefined;
    let high: number | undefined = low;
    if (chars[i] === '-') {
      i++;
      high = member();
      if (high === undefined) return undefined;
    }
    ranges.push({ low, high });
  }
  return { token: { kind: 'class', negated, ranges }, next: i + 1 };
}
