import type { Dockerfile } from '../../dockerfile/ast.ts';
import { createLexer } from '../../dockerfile/expand-word.ts';
import { type SourceLocation, VarveError } from '../../errors.ts';
import type { StageState } from '../../instructions/stage-state.ts';
import type { Words } from '../../instructions/words.ts';

/** Expands one word with a map of variables; errors carry the location. */
export function expandIn(
  dockerfile: Dockerfile,
  location: SourceLocation,
  text: string,
  values: ReadonlyMap<string, string>,
): string {
  try {
    return createLexer(dockerfile.directives.escape).word(text, values).value;
  } catch (error) {
    throw error instanceof VarveError ? error.at(location) : error;
  }
}

/** Words bound to a stage's environment. */
export function wordsOf(escapeChar: string, state: StageState): Words {
  const lexer = createLexer(escapeChar);
  const values = environmentMap(state);
  return { one: (text) => lexer.word(text, values).value, many: (text) => lexer.words(text, values) };
}

export function environmentMap(state: StageState): ReadonlyMap<string, string> {
  return new Map(state.environment.map(({ key, value }) => [key, value]));
}
