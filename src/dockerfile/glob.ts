import type { GlobToken } from './glob-tokens.ts';

const SLASH = 0x2f;

/**
 * Matches a whole text against tokens. All ways to match are followed at once, one character after the other, so the
 * cost is at most the pattern's length times the text's, whatever the pattern: nothing ever backtracks.
 */
export class Glob {
  readonly #tokens: readonly GlobToken[];
  /** Characters that a match must begin and end with: most texts fail there, without a simulation. */
  readonly #prefix: string;
  readonly #suffix: string;
  /** The longest run of plain characters: it must occur too. */
  readonly #middle: string;
  readonly #exact: boolean;
  /** States now and next: positions in the token list. */
  #now: number[] = [];
  #next: number[] = [];
  readonly #marked: Int32Array;
  #mark = 0;

  constructor(tokens: readonly GlobToken[]) {
    this.#tokens = tokens;
    this.#prefix = literals(tokens);
    this.#suffix = [...literals([...tokens].reverse())].reverse().join('');
    this.#middle = longestRun(tokens);
    this.#exact = tokens.every(({ kind }) => kind === 'char');
    this.#marked = new Int32Array(tokens.length + 1);
  }

  /** Whether the whole text matches. */
  matches(text: string): boolean {
    if (this.#exact) return text === this.#prefix;
    if (!text.startsWith(this.#prefix) || !text.endsWith(this.#suffix)) return false;
    if (!text.includes(this.#middle)) return false;
    this.#run(text);
    return this.#now.includes(this.#tokens.length);
  }

  /** Whether some longer text that begins with this one matches. */
  matchesBeyond(text: string): boolean {
    this.#run(text);
    return this.#now.some((state) => state < this.#tokens.length);
  }

  #run(text: string): void {
    this.#now.length = 0;
    this.#newSet();
    this.#enter(0, this.#now);
    for (let i = 0; i < text.length && this.#now.length > 0; i++) {
      const code = text.codePointAt(i)!;
      if (code > 0xffff) i++;
      this.#step(code);
    }
  }

  #step(code: number): void {
    this.#next.length = 0;
    this.#newSet();
    for (const state of this.#now) {
      const token = this.#tokens[state];
      if (token === undefined) continue;
      if (token.kind === 'rest') this.#enter(state, this.#next);
      else if (token.kind === 'star') {
        if (code !== SLASH) this.#enter(state, this.#next);
      } else if (token.kind === 'dirs') {
        // Still inside the directories; only behind a slash can the rest begin.
        this.#add(state, this.#next);
        if (code === SLASH) this.#enter(state + 1, this.#next);
      } else if (fits(token, code)) this.#enter(state + 1, this.#next);
    }
    [this.#now, this.#next] = [this.#next, this.#now];
  }

  /** Adds a state and those that it reaches without a character. */
  #enter(state: number, set: number[]): void {
    for (let i = state; ; i++) {
      this.#add(i, set);
      const kind = this.#tokens[i]?.kind;
      if (kind !== 'star' && kind !== 'rest' && kind !== 'dirs') return;
    }
  }

  #add(state: number, set: number[]): void {
    if (this.#marked[state] === this.#mark) return;
    this.#marked[state] = this.#mark;
    set.push(state);
  }

  #newSet(): void {
    if (this.#mark === 0x7fffffff) {
      this.#marked.fill(0);
      this.#mark = 0;
    }
    this.#mark++;
  }
}

function fits(token: GlobToken, code: number): boolean {
  if (token.kind === 'char') return token.code === code;
  if (token.kind === 'any') return code !== SLASH;
  if (token.kind !== 'class') return false;
  return token.ranges.some(({ low, high }) => code >= low && code <= high) !== token.negated;
}

function literals(tokens: readonly GlobToken[]): string {
  let text = '';
  for (const token of tokens) {
    if (token.kind !== 'char') break;
    text += String.fromCodePoint(token.code);
  }
  return text;
}

function longestRun(tokens: readonly GlobToken[]): string {
  let longest = '';
  for (let i = 0; i < tokens.length; i++) {
    const run = literals(tokens.slice(i));
    if (run.length > longest.length) longest = run;
    i += run.length;
  }
  return longest;
}
