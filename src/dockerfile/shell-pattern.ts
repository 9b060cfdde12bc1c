import { VarveError } from '../errors.ts';

/** Steps of one match, pattern length times text length: 16 MiB of table. A longer one is refused. */
const MAX_CELLS = 1 << 24;

const ANY = Symbol('any');
const STAR = Symbol('star');
type Token = string | typeof ANY | typeof STAR;

/**
 * `${value#pattern}` and its kin.
 *
 * @param greedy the longest match instead of the shortest
 * @throws VarveError SUBSTITUTION when the pattern is malformed
 */
export function trimPattern(value: string, pattern: string, side: 'prefix' | 'suffix', greedy: boolean): string {
  const tokens = parsePattern(pattern);
  const chars = Array.from(value);
  if (side === 'suffix') {
    // The shortest suffix is found from the right: both are turned round.
    tokens.reverse();
    chars.reverse();
  }
  const end = createMatcher(tokens, chars, greedy)(0);
  if (end === undefined) return value;
  const rest = chars.slice(end);
  return (side === 'suffix' ? rest.reverse() : rest).join('');
}

/**
 * `${value/pattern/replacement}`, or `//` when `all`.
 *
 * @throws VarveError SUBSTITUTION when the pattern is malformed
 */
export function replacePattern(value: string, pattern: string, replacement: string, all: boolean): string {
  const chars = Array.from(value);
  const endOf = createMatcher(parsePattern(pattern), chars, true);
  let result = '';
  let copied = 0;
  for (let start = 0; start <= chars.length; start++) {
    const end = endOf(start);
    if (end === undefined) continue;
    // As in Go, an empty match right behind another match is none.
    if (end > copied || start === 0) {
      result += chars.slice(copied, start).join('');
      result += all ? expandTemplate(replacement, chars.slice(start, end).join('')) : replacement;
      copied = end;
      if (!all) break;
    }
    start = Math.max(start, end - 1);
  }
  return result + chars.slice(copied).join('');
}

/** BuildKit hands `//` to Go's regexp, where `$0` in a replacement is the match and every other `$name` is empty. */
function expandTemplate(template: string, match: string): string {
  return template.replace(/\$(?:\$|\{([A-Za-z0-9_]+)\}|([A-Za-z0-9_]+))/g, (whole, braced, bare) => {
    if (whole === '$$') return '$';
    return (braced ?? bare) === '0' ? match : '';
  });
}

function parsePattern(pattern: string): Token[] {
  const tokens: Token[] = [];
  const chars = Array.from(pattern);
  for (let i = 0; i < chars.length; i++) {
    const char = chars[i]!;
    if (char === '*') {
      if (tokens.at(-1) !== STAR) tokens.push(STAR);
    } else if (char === '?') {
      tokens.push(ANY);
    } else if (char === '\\') {
      const next = chars[i + 1];
      // These two are escaped for the sake of the ${} around the pattern.
      if (next === '}' || next === '/') continue;
      if (next !== '*' && next !== '?' && next !== '\\') {
        throw new VarveError(
          'SUBSTITUTION',
          `invalid pattern (${pattern}) in substitution: invalid escape '\\${next ?? ''}'`,
          { hint: 'only * ? and \\ can be escaped in a pattern' },
        );
      }
      tokens.push(next);
      i++;
    } else {
      tokens.push(char);
    }
  }
  return tokens;
}

/**
 * Gives a function from a start to the end of the match there. It fills a table from the right once, so a hostile
 * pattern costs its length times the text's, never more.
 */
function createMatcher(tokens: readonly Token[], chars: readonly string[], greedy: boolean) {
  const width = chars.length + 1;
  if ((tokens.length + 1) * width > MAX_CELLS) {
    throw new VarveError(
      'SUBSTITUTION',
      `a pattern of ${tokens.length} characters on ${chars.length} is too much work`,
    );
  }
  // table[t * width + i]: tokens from t match somewhere from i.
  const table = new Uint8Array((tokens.length + 1) * width).fill(1, tokens.length * width);
  for (let t = tokens.length - 1; t >= 0; t--) {
    for (let i = chars.length; i >= 0; i--) {
      const next = (t + 1) * width + i;
      table[t * width + i] =
        tokens[t] === STAR
          ? table[next]! | (fits(ANY, chars[i]) ? table[t * width + i + 1]! : 0)
          : fits(tokens[t]!, chars[i])
            ? table[next + 1]!
            : 0;
    }
  }
  return (start: number): number | undefined => {
    if (table[start] === 0) return undefined;
    let i = start;
    for (const [t, token] of tokens.entries()) {
      if (token !== STAR) {
        i++;
        continue;
      }
      const next = (t + 1) * width;
      let end = i;
      if (greedy)
        for (let j = i; ; j++) {
          if (table[next + j] === 1) end = j;
          if (!fits(ANY, chars[j])) break;
        }
      else while (table[next + end] === 0) end++;
      i = end;
    }
    return i;
  };
}

/** As in a Go regexp, a wildcard doesn't match the end of a line. */
function fits(token: Token, char: string | undefined): boolean {
  if (char === undefined) return false;
  return token === ANY ? char !== '\n' : token === char;
}
