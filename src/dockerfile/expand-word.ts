import type { Env } from './variables.ts';
import { lexWord, type WordMode } from './word-lexer.ts';

/** A word after substitution. */
export interface Expanded {
  readonly value: string;
  /** Names that were looked up and are set. */
  readonly matched: readonly string[];
  /** Names that were looked up and are not set: what the UndefinedVar check reports. */
  readonly unmatched: readonly string[];
}

export interface Lexer {
  /** Expands to exactly one word: quotes removed, variables substituted. @throws VarveError SUBSTITUTION */
  word(text: string, env: Env): Expanded;
  /** The same, then split at white space that is not quoted; one variable may give several words. */
  words(text: string, env: Env): string[];
  /** The value of {@link expandHeredoc}. */
  heredoc(body: string, env: Env): string;
}

const PLAIN: WordMode = { keepQuotes: false, keepEscapes: false, plainQuotes: false, keepUnset: false };

/**
 * Expansion of Dockerfile words.
 * https://docs.docker.com/reference/dockerfile/#environment-replacement
 *
 * @param escapeChar the Dockerfile's escape character, `\` or a backtick
 */
export function createLexer(escapeChar: string): Lexer {
  return {
    word: (text, env) => expanded(lexWord(text, env, escapeChar, PLAIN)),
    words: (text, env) => lexWord(text, env, escapeChar, PLAIN).words,
    heredoc: (body, env) => expandHeredoc(body, env).value,
  };
}

/**
 * Expands the body of a COPY or ADD heredoc. Quotes are ordinary characters there; the escape character is a backslash
 * whatever the directive says, and it is removed before any character.
 *
 * @throws VarveError SUBSTITUTION
 */
export function expandHeredoc(body: string, env: Env): Expanded {
  return expanded(lexWord(body, env, '\\', { ...PLAIN, plainQuotes: true }));
}

function expanded(result: { value: string; matched: Set<string>; unmatched: Set<string> }): Expanded {
  return { value: result.value, matched: [...result.matched], unmatched: [...result.unmatched] };
}
