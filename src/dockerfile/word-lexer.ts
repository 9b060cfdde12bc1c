import { VarveError } from '../errors.ts';
import { replacePattern, trimPattern } from './shell-pattern.ts';
import type { Env } from './variables.ts';
import { WordList } from './word-list.ts';

/** How a word is read; the parser reads heredoc markers with other rules than expansion has. */
export interface WordMode {
  /** Quotes delimit, and stay in the result. */
  readonly keepQuotes: boolean;
  /** Escape characters stay in the result. */
  readonly keepEscapes: boolean;
  /** Quotes are ordinary characters. */
  readonly plainQuotes: boolean;
  /** A variable that is not set stays as it is written. */
  readonly keepUnset: boolean;
}

export interface LexedWord {
  readonly value: string;
  readonly words: string[];
  readonly matched: Set<string>;
  readonly unmatched: Set<string>;
}

/** `${a:-${b:-${c}}}` is two levels deep. Deeper than this nobody writes, and the stack has an end. */
const MAX_DEPTH = 100;

/** @throws VarveError SUBSTITUTION */
export function lexWord(text: string, env: Env, escapeChar: string, mode: WordMode): LexedWord {
  return new WordLexer(text, env, escapeChar, mode).run();
}

interface Part {
  readonly value: string;
  readonly words: string[];
}

class WordLexer {
  readonly #source: string;
  readonly #env: Env;
  readonly #escape: string;
  readonly #mode: WordMode;
  readonly #matched = new Set<string>();
  readonly #unmatched = new Set<string>();
  #keepEscapes: boolean;
  #at = 0;
  #depth = 0;

  constructor(source: string, env: Env, escapeChar: string, mode: WordMode) {
    this.#source = source;
    this.#env = env;
    this.#escape = escapeChar;
    this.#mode = mode;
    this.#keepEscapes = mode.keepEscapes;
  }

  run(): LexedWord {
    try {
      const { value, words } = this.#until('', this.#mode.keepEscapes);
      return { value, words, matched: this.#matched, unmatched: this.#unmatched };
    } catch (error) {
      if (!(error instanceof VarveError)) throw error;
      throw new VarveError('SUBSTITUTION', `failed to process ${JSON.stringify(this.#source)}: ${error.message}`, {
        ...(error.hint === undefined ? {} : { hint: error.hint }),
      });
    }
  }

  /** The next character (a whole code point), or '' at the end. */
  #peek(): string {
    const code = this.#source.codePointAt(this.#at);
    return code === undefined ? '' : String.fromCodePoint(code);
  }

  #next(): string {
    const char = this.#peek();
    this.#at += char.length;
    return char;
  }

  /** Reads up to and over `stop`; '' means the end. */
  #until(stop: string, keepEscapes: boolean): Part {
    if (++this.#depth > MAX_DEPTH) throw bad(`substitutions are nested deeper than ${MAX_DEPTH} levels`);
    const outer = this.#keepEscapes;
    this.#keepEscapes = keepEscapes;
    const list = new WordList();
    let value = '';
    let ended = stop === '';
    while (this.#at < this.#source.length) {
      const char = this.#peek();
      if (char === stop) {
        this.#next();
        ended = true;
        break;
      }
      if (char === '$') {
        const part = this.#dollar();
        value += part;
        list.addText(part);
      } else if (!this.#mode.plainQuotes && (char === "'" || char === '"')) {
        const part = char === "'" ? this.#singleQuoted() : this.#doubleQuoted();
        value += part;
        list.addRaw(part);
      } else if (char === '<') {
        const part = this.#heredocMark();
        value += part;
        list.addRaw(part);
      } else {
        value += this.#plain(list);
      }
    }
    this.#keepEscapes = outer;
    this.#depth--;
    if (!ended) throw bad(`unexpected end of statement while looking for matching ${stop}`);
    return { value, words: list.finish() };
  }

  #plain(list: WordList): string {
    const char = this.#next();
    if (char !== this.#escape) {
      list.addChar(char);
      return char;
    }
    let value = '';
    if (this.#keepEscapes) {
      list.addRaw(char);
      value = char;
    }
    const escaped = this.#next();
    if (escaped !== '') list.addRaw(escaped);
    return value + escaped;
  }

  /** `<<` keeps the blanks behind it in its word, so that `<< EOF` is one word. */
  #heredocMark(): string {
    let value = this.#next();
    if (this.#peek() !== '<') return value;
    value += this.#next();
    while (/^[ \t\r]$/.test(this.#peek())) value += this.#next();
    return value;
  }

  #singleQuoted(): string {
    const quote = this.#next();
    const end = this.#source.indexOf("'", this.#at);
    if (end < 0) throw bad('unexpected end of statement while looking for matching single-quote');
    const body = this.#source.slice(this.#at, end);
    this.#at = end + 1;
    return this.#mode.keepQuotes ? quote + body + quote : body;
  }

  #doubleQuoted(): string {
    const quote = this.#next();
    let value = this.#mode.keepQuotes ? quote : '';
    for (;;) {
      const char = this.#peek();
      if (char === '') throw bad('unexpected end of statement while looking for matching double-quote');
      if (char === '"') {
        this.#next();
        return this.#mode.keepQuotes ? value + char : value;
      }
      value += char === '$' ? this.#dollar() : this.#inDoubleQuotes();
    }
  }

  #inDoubleQuotes(): string {
    const char = this.#next();
    if (char !== this.#escape) return char;
    const kept = this.#keepEscapes ? char : '';
    const escaped = this.#peek();
    if (escaped === '') return kept;
    if (escaped === '"' || escaped === '$' || escaped === this.#escape) return kept + this.#next();
    // With kept escapes this gives the backslash twice, as BuildKit does: patterns in quotes depend on it.
    return kept + char;
  }

  #dollar(): string {
    this.#next();
    if (this.#peek() !== '{') {
      const name = this.#name();
      if (name === '') return '$';
      return this.#lookUp(name) ?? (this.#mode.keepUnset ? `$${name}` : '');
    }
    this.#next();
    const first = this.#peek();
    if (first === '') throw bad("syntax error: missing '}'");
    if (first === '{' || first === '}' || first === ':') throw bad('syntax error: bad substitution');
    const name = this.#name();
    const modifier = this.#next();
    if (modifier === '') throw bad("syntax error: missing '}'");
    if (modifier === '}') return this.#lookUp(name) ?? (this.#mode.keepUnset ? `\${${name}}` : '');
    if (modifier === '/') return this.#replace(name);
    if (modifier === ':') return this.#modified(name, this.#next(), true);
    if ('+-?#%'.includes(modifier)) return this.#modified(name, modifier, false);
    throw unsupported(modifier);
  }

  /** `${name-word}` and its kin, from behind the modifier. */
  #modified(name: string, modifier: string, emptyIsUnset: boolean): string {
    const written = emptyIsUnset ? `:${modifier}` : modifier;
    const isTrim = modifier === '#' || modifier === '%';
    const word = this.#operand('}', isTrim, "syntax error: missing '}'");
    const value = this.#lookUp(name);
    if (value === undefined && this.#mode.keepUnset) return `\${${name}${written}${word}}`;
    const missing = value === undefined || (emptyIsUnset && value === '');
    if (modifier === '-') return missing ? word : value;
    if (modifier === '+') return missing ? '' : word;
    if (modifier === '?') {
      if (!missing) return value;
      const why = value === undefined ? 'is not allowed to be unset' : 'is not allowed to be empty';
      throw bad(`${name}: ${word === '' ? why : word}`);
    }
    if (!isTrim || emptyIsUnset) throw unsupported(written);
    const greedy = word.startsWith(modifier);
    return trimPattern(value ?? '', greedy ? word.slice(1) : word, modifier === '#' ? 'prefix' : 'suffix', greedy);
  }

  /** `${name/pattern/replacement}`, from behind the first slash. */
  #replace(name: string): string {
    const all = this.#peek() === '/';
    if (all) this.#next();
    const pattern = this.#operand('/', true, `syntax error: missing '/' in \${}`);
    const replacement = this.#operand('}', true, "syntax error: missing '}'");
    const value = this.#lookUp(name);
    if (value === undefined && this.#mode.keepUnset) return `\${${name}/${pattern}/${replacement}}`;
    return replacePattern(value ?? '', pattern, replacement, all);
  }

  #operand(stop: string, keepEscapes: boolean, atEnd: string): string {
    try {
      return this.#until(stop, keepEscapes).value;
    } catch (error) {
      if (this.#at >= this.#source.length && error instanceof VarveError) throw bad(atEnd);
      throw error;
    }
  }

  /** A name, a run of digits, or one special parameter such as `@`. */
  #name(): string {
    const special = /^[@*#?\-$!]/.exec(this.#peek());
    if (special) return this.#next();
    const pattern = /^\p{Nd}/u.test(this.#peek()) ? /\p{Nd}+/uy : /[\p{L}\p{Nd}_]*/uy;
    pattern.lastIndex = this.#at;
    const name = pattern.exec(this.#source)?.[0] ?? '';
    this.#at += name.length;
    return name;
  }

  #lookUp(name: string): string | undefined {
    const value = this.#env.get(name);
    (value === undefined ? this.#unmatched : this.#matched).add(name);
    return value;
  }
}

function bad(message: string): VarveError {
  return new VarveError('SUBSTITUTION', message);
}

function unsupported(modifier: string): VarveError {
  return new VarveError('SUBSTITUTION', `unsupported modifier (${modifier}) in substitution`, {
    hint: 'known are :- - :+ + :? ? # ## % %% / and //',
  });
}
