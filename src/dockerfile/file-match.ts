import { VarveError } from '../errors.ts';
import { Glob } from './glob.ts';
import { parseGlob } from './glob-tokens.ts';

/**
 * Go's filepath.Match: the wildcards of COPY and ADD. `*` and `?` stop at slashes, `**` is nothing special.
 * https://pkg.go.dev/path/filepath#Match
 *
 * @param pattern and @param name ordinary text: `?` is one character
 * @throws VarveError PATTERN when the pattern is malformed, whatever the name
 */
export function fileMatch(pattern: string, name: string): boolean {
  return createFileMatch(pattern)(name);
}

/** The same, with the pattern read once. */
export function createFileMatch(pattern: string): (name: string) => boolean {
  const tokens = parseGlob(pattern, false);
  if (tokens === undefined) throw malformed(pattern);
  const glob = new Glob(tokens);
  return (name) => glob.matches(name);
}

/** The error of a pattern that is none. */
export function malformed(pattern: string): VarveError {
  return new VarveError('PATTERN', `syntax error in pattern ${JSON.stringify(pattern)}`, {
    hint: 'a [ needs its ] with something in between; \\[ and \\\\ are the characters themselves',
  });
}
