import { createPatternMatcher } from '../dockerfile/pattern-matcher.ts';
import { type BytePath, fromText } from '../io/byte-path.ts';

/** Whether a path below a selected directory comes along, and whether anything below it might. */
export type CopyFilter = (path: BytePath) => { readonly selected: boolean; readonly descend: boolean };

/**
 * --parents and --exclude of one source, in the pattern language of .dockerignore, relative to the selected directory.
 * @param keep the pattern of --parents: only what it matches, or is below a match, comes along; empty takes all
 * @returns undefined when everything comes along
 * @throws VarveError `PATTERN`
 */
export function copyFilter(keep: string | undefined, exclude: readonly string[]): CopyFilter | undefined {
  // "All but what keep matches" in one matcher: it then also knows which directories could hold a match.
  const unwanted = keep ? createPatternMatcher(['**', `!${fromText(keep)}`]) : undefined;
  const excluded = exclude.length > 0 ? createPatternMatcher(exclude.map(fromText)) : undefined;
  if (!unwanted && !excluded) return undefined;
  const matchers = [unwanted, excluded].filter((matcher) => matcher !== undefined);
  return (path) => {
    const against = matchers.filter((matcher) => matcher.matches(path));
    return {
      selected: against.length === 0,
      descend: against.every((matcher) => matcher.couldContainExceptions(path)),
    };
  };
}
