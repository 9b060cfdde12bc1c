import { bytesToText } from './byte-text.ts';
import { type IgnorePattern, parseIgnorePattern } from './ignore-pattern.ts';

/** Paths are byte strings relative to the root, without a leading slash; patterns in order, the last that matches wins. */
export interface PatternMatcher {
  /** Whether the path is ignored: it or a directory above it matches. Fastest in walk order. */
  matches(path: string): boolean;
  /** The same under the name that moby/patternmatcher gives it. */
  matchesOrParentMatches(path: string): boolean;
  /** Whether the path itself matches, whatever happens to the directories above it. */
  matchesExact(path: string): boolean;
  /** Whether a `!` pattern could take back something below this ignored directory. If not, it need not be read. */
  couldContainExceptions(dir: string): boolean;
  /** Whether there is any `!` pattern. */
  readonly hasExceptions: boolean;
}

/** What is known of one directory's patterns: it or one above it matches. */
interface Known {
  readonly path: string;
  /** For each pattern 0 not known yet, 1 no, 2 yes. */
  readonly hits: Uint8Array;
}

const NO = 1;
const YES = 2;

/**
 * The semantics of moby/patternmatcher, which .dockerignore and `--exclude` have. Differences: an escape is always the
 * character itself (moby hands it to a regexp, where `\d` is a digit), and a `*` in a class is a star.
 * https://docs.docker.com/build/concepts/context/#syntax
 *
 * @param patterns byte strings: `*`, `?`, `[…]`, `\`, `**`, a leading `!`
 * @throws VarveError PATTERN here, or at the first match for `[z-a]`
 */
export function createPatternMatcher(patterns: readonly string[]): PatternMatcher {
  const parsed = patterns.map(parseIgnorePattern).filter((pattern) => pattern !== undefined);
  const matcher = new Matcher(parsed);
  const matches = (path: string) => matcher.matches(bytesToText(path));
  return {
    matches,
    matchesOrParentMatches: matches,
    matchesExact: (path) => matcher.matchesExact(bytesToText(path)),
    couldContainExceptions: (dir) => matcher.couldContainExceptions(bytesToText(dir)),
    hasExceptions: parsed.some(({ exception }) => exception),
  };
}

class Matcher {
  readonly #patterns: readonly IgnorePattern[];
  /** The directories above the path that was asked for last, outermost first: a walk asks for its neighbours next. */
  #chain: Known[] = [];

  constructor(patterns: readonly IgnorePattern[]) {
    this.#patterns = patterns;
  }

  matches(path: string): boolean {
    if (path === '' || path === '.') return false;
    const chain = this.#chainOf(path);
    let ignored = false;
    for (const [i, { exception, glob }] of this.#patterns.entries()) {
      if (exception !== ignored) continue;
      if (this.#hits(chain, chain.length - 1, i) || glob().matches(path)) ignored = !exception;
    }
    return ignored;
  }

  matchesExact(path: string): boolean {
    let ignored = false;
    for (const { exception, glob } of this.#patterns) {
      if (exception === ignored && glob().matches(path)) ignored = !exception;
    }
    return ignored;
  }

  couldContainExceptions(dir: string): boolean {
    // Everything below a match is matched, so only exceptions that come after the last such pattern count.
    const below = `${dir}/`;
    const chain = this.#chainOf(below);
    for (let i = this.#patterns.length - 1; i >= 0; i--) {
      const { exception, glob } = this.#patterns[i]!;
      if (!exception && this.#hits(chain, chain.length - 1, i)) return false;
      if (exception && (glob().matchesBeyond(below) || this.#hits(chain, chain.length - 1, i))) return true;
    }
    return false;
  }

  /** Whether pattern `i` matches a directory of the chain, up to `depth`. */
  #hits(chain: readonly Known[], depth: number, i: number): boolean {
    for (let at = depth; at >= 0; at--) {
      const { hits, path } = chain[at]!;
      if (hits[i] === 0) {
        if (!this.#patterns[i]!.glob().matches(path)) continue;
        hits[i] = YES;
      }
      const hit = hits[i] === YES;
      // All inner directories were unknown: now they have the answer too.
      for (let inner = at + 1; inner <= depth; inner++) chain[inner]!.hits[i] = hit ? YES : NO;
      return hit;
    }
    for (let inner = 0; inner <= depth; inner++) chain[inner]!.hits[i] = NO;
    return false;
  }

  #chainOf(path: string): readonly Known[] {
    let depth = 0;
    for (let slash = path.indexOf('/'); slash >= 0; slash = path.indexOf('/', slash + 1)) {
      const dir = path.slice(0, slash);
      if (this.#chain[depth]?.path !== dir) {
        this.#chain.length = depth;
        this.#chain.push({ path: dir, hits: new Uint8Array(this.#patterns.length) });
      }
      depth++;
    }
    this.#chain.length = depth;
    return this.#chain;
  }
}
