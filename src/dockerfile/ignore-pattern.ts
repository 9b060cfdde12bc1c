import { VarveError } from '../errors.ts';
import { bytesToText } from './byte-text.ts';
import { cleanPath } from './clean-path.ts';
import { malformed } from './file-match.ts';
import { Glob } from './glob.ts';
import { type GlobToken, parseGlob } from './glob-tokens.ts';
import { trimSpace } from './white-space.ts';

/** One line of an ignore file. */
export interface IgnorePattern {
  /** `!pattern`: takes back what earlier ones matched. */
  readonly exception: boolean;
  /** As text, cleaned, without the `!`. */
  readonly text: string;
  /** @throws VarveError PATTERN */
  readonly glob: () => Glob;
}

/**
 * @param line a byte string
 * @returns undefined for a blank line
 * @throws VarveError PATTERN
 */
export function parseIgnorePattern(line: string): IgnorePattern | undefined {
  const trimmed = trimSpace(bytesToText(line));
  if (trimmed === '') return undefined;
  const exception = trimmed.startsWith('!');
  if (trimmed === '!') {
    throw new VarveError('PATTERN', 'illegal exclusion pattern: "!"', { hint: 'put a pattern behind the !' });
  }
  const text = cleanPath(exception ? trimmed.slice(1) : trimmed);
  const tokens = parseGlob(text, true);
  if (tokens === undefined) throw malformed(text);
  if (tokens.some(isBackwards)) {
    // Docker notices such a range only when a path is matched: a build that needs no context goes through.
    const glob = () => {
      throw malformed(text);
    };
    return { exception, text, glob };
  }
  const glob = new Glob(adapt(text, tokens));
  return { exception, text, glob: () => glob };
}

/** `**name` with nothing special in the name matches any path that ends so, `**` followed by a slash whole names only. */
function adapt(text: string, tokens: readonly GlobToken[]): readonly GlobToken[] {
  const [first, ...others] = tokens;
  const plain = first?.kind === 'dirs' && !text.startsWith('**/') && !text.includes('\\');
  return plain && others.every(({ kind }) => kind === 'char') ? [{ kind: 'rest' }, ...others] : tokens;
}

function isBackwards(token: GlobToken): boolean {
  return token.kind === 'class' && token.ranges.some(({ low, high }) => high < low);
}
