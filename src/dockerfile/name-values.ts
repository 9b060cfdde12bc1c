import { BLANKS } from './split-instruction.ts';
import { syntaxError } from './syntax-error.ts';
import { isSpace } from './white-space.ts';

/**
 * Splits at white space outside quotes. Quotes and escapes stay in the words: expansion removes them later.
 *
 * @param escapeChar the Dockerfile's escape character
 */
export function splitWords(text: string, escapeChar: string): string[] {
  const words: string[] = [];
  let word = '';
  let quote = '';
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at);
    if (quote === '' && isSpace(char)) {
      if (word !== '') words.push(word);
      word = '';
      continue;
    }
    if (char === escapeChar && quote !== "'") {
      // An escape at the very end is dropped.
      if (at + 1 < text.length) word += char + text.charAt(++at);
      continue;
    }
    if (quote === '' && (char === "'" || char === '"')) quote = char;
    else if (char === quote) quote = '';
    word += char;
  }
  if (word !== '') words.push(word);
  return words;
}

/**
 * ENV and LABEL: `a=b c=d`, or the old `name the rest`.
 *
 * @param instruction for messages, upper-case
 * @returns triples of name, value, and `=` or, for the old form, nothing; values unexpanded
 * @throws VarveError DOCKERFILE_SYNTAX
 */
export function parseNameValues(text: string, instruction: string, escapeChar: string): string[] {
  const words = splitWords(text, escapeChar);
  const [first] = words;
  if (first === undefined) return [];
  if (!first.includes('=')) {
    const blank = BLANKS.exec(text);
    if (blank === null) {
      throw syntaxError(`${instruction} must have two arguments`, undefined, `write ${instruction} ${first}=value`);
    }
    return [text.slice(0, blank.index), text.slice(blank.index + blank[0].length), ''];
  }
  return words.flatMap((word) => {
    const at = word.indexOf('=');
    if (at < 0) {
      throw syntaxError(
        `Syntax error - can't find = in ${JSON.stringify(word)}. Must be of the form: name=value`,
        undefined,
        'a value with blanks needs quotes',
      );
    }
    return [word.slice(0, at), word.slice(at + 1), '='];
  });
}
