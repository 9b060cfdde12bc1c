import { makeObject, type Value } from '../values/value.ts';
import { type BakeFunction, refuse, takes } from './signature.ts';

/** RE2's syntax, as far as JavaScript has the same. */
export const REGEX_FUNCTIONS: Readonly<Record<string, BakeFunction>> = {
  regex: takes(['text', 'text'], (pattern, text) => {
    const match = compile(pattern, '').exec(text);
    if (!match) throw refuse(`${JSON.stringify(text)} does not match ${JSON.stringify(pattern)}`);
    return captures(match);
  }),
  regexall: takes(['text', 'text'], (pattern, text) => Array.from(text.matchAll(compile(pattern, 'g')), captures)),
  regex_replace: takes(['text', 'text', 'text'], (text, pattern, replacement) =>
    text.replace(compile(pattern, 'g'), (...args) => expand(replacement, args)),
  ),
};

function compile(pattern: string, flags: string): RegExp {
  const [inline = '', letters = ''] = /^\(\?([ims]+)\)/.exec(pattern) ?? [];
  const body = pattern
    .slice(inline.length)
    .replaceAll('(?P<', '(?<')
    .replaceAll('\\A', '^')
    .replaceAll('\\z', '$')
    .replaceAll('[[:alnum:]]', '[0-9A-Za-z]')
    .replaceAll('[[:alpha:]]', '[A-Za-z]')
    .replaceAll('[[:digit:]]', '[0-9]')
    .replaceAll('[[:space:]]', '[\\t\\n\\v\\f\\r ]');
  try {
    return new RegExp(body, flags + letters);
  } catch (error) {
    throw refuse(`${JSON.stringify(pattern)} is no regular expression: ${(error as Error).message}`);
  }
}

/** The whole match, or the groups: by name when they have names. */
function captures(match: RegExpExecArray): Value {
  if (match.groups)
    return makeObject(Object.entries(match.groups).map(([name, text]) => [name, text ?? null] as const));
  return match.length === 1 ? match[0] : match.slice(1).map((text) => text ?? null);
}

/** `$1`, `$name`, `${name}` and `$$`, as Go's Regexp.Expand: a name is as long as it can be. */
function expand(replacement: string, args: readonly unknown[]): string {
  const named = args.at(-1);
  const groups = (typeof named === 'object' ? named : {}) as Record<string, string | undefined>;
  return replacement.replace(/\$(?:\$|\{(\w+)\}|(\w+))/g, (whole, braced?: string, plain?: string) => {
    const name = braced ?? plain;
    if (whole === '$$' || name === undefined) return '$';
    const value = /^\d+$/.test(name) ? args[Number(name)] : groups[name];
    return typeof value === 'string' ? value : '';
  });
}
