import { isSpace, trimSpace } from './white-space.ts';

export interface SplitInstruction {
  readonly name: string;
  readonly flags: readonly string[];
  /** What is left of the line, trimmed. */
  readonly rest: string;
}

/** Blanks between words: not every kind of white space is one. */
export const BLANKS = /[\t\v\f\r ]+/;

/** `COPY --from=x a b` → its name, its flags and `a b`. */
export function splitInstruction(line: string): SplitInstruction {
  const text = trimSpace(line);
  const blank = BLANKS.exec(text);
  if (blank === null) return { name: text, flags: [], rest: '' };
  const { flags, rest } = takeFlags(text.slice(blank.index + blank[0].length));
  return { name: text.slice(0, blank.index), flags, rest: trimSpace(rest) };
}

/** Takes leading words that begin with `--`; a bare `--` ends them and is dropped. Quotes go, a backslash escapes. */
function takeFlags(text: string): { flags: string[]; rest: string } {
  const flags: string[] = [];
  let at = 0;
  for (;;) {
    while (at < text.length && isSpace(text.charAt(at))) at++;
    if (!text.startsWith('--', at)) return { flags, rest: text.slice(at) };
    const { word, end } = takeWord(text, at);
    at = end;
    if (word === '--') return { flags, rest: text.slice(at) };
    flags.push(word);
  }
}

function takeWord(text: string, start: number): { word: string; end: number } {
  let word = '';
  let quote = '';
  let at = start;
  for (; at < text.length; at++) {
    let char = text.charAt(at);
    if (quote === '' && isSpace(char)) break;
    if (quote === '' ? char === "'" || char === '"' : char === quote) {
      quote = quote === '' ? char : '';
      continue;
    }
    if (char === '\\') {
      char = text.charAt(++at);
      if (char === '') break;
    }
    word += char;
  }
  return { word, end: at };
}
