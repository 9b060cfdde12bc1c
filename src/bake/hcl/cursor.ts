import { type SourceLocation, VarveError } from '../../errors.ts';

const IDENTIFIER = /[\p{ID_Start}_][\p{ID_Continue}-]*/uy;
/** What is not a newline, and comments; a comment of one line ends before its newline. */
const BLANK = /(?:[ \t\r\uFEFF]|#[^\n]*|\/\/[^\n]*|\/\*[\s\S]*?\*\/)+/y;

/** A place in the text of one file, and what may be read there. */
export class Cursor {
  position = 0;
  readonly file: string;
  readonly text: string;
  /** Added to the lines that are found: text may be a piece of a file. */
  readonly lineOffset: number;
  /** Whether an expression ends with its line here. */
  isLineBound = true;
  #newlines: readonly number[] | undefined;

  constructor(file: string, text: string, lineOffset = 0) {
    this.file = file;
    this.text = text;
    this.lineOffset = lineOffset;
  }

  /** Goes over white space and comments, and over newlines where they mean nothing. */
  skip(): void {
    for (;;) {
      BLANK.lastIndex = this.position;
      if (BLANK.test(this.text)) this.position = BLANK.lastIndex;
      if (this.isLineBound || this.text[this.position] !== '\n') return;
      this.position++;
    }
  }

  /** Goes over all white space, comments and newlines. */
  skipLines(): void {
    this.within(false, () => this.skip());
  }

  /** Reads with newlines that end expressions, or that don't. */
  within<T>(isLineBound: boolean, read: () => T): T {
    const before = this.isLineBound;
    this.isLineBound = isLineBound;
    const result = read();
    this.isLineBound = before;
    return result;
  }

  isAtEnd(): boolean {
    return this.position >= this.text.length;
  }

  /** Whether the text goes on so, after blanks. */
  sees(text: string): boolean {
    this.skip();
    return this.text.startsWith(text, this.position);
  }

  /** Reads `text` if it is there. */
  takes(text: string): boolean {
    if (!this.sees(text)) return false;
    this.position += text.length;
    return true;
  }

  /** Reads a word that is not the beginning of a longer one. */
  takesWord(word: string): boolean {
    this.skip();
    if (this.peekIdentifier() !== word) return false;
    this.position += word.length;
    return true;
  }

  /** @throws VarveError `BAKE_SYNTAX` when it is not there */
  expect(text: string, where: string): void {
    if (!this.takes(text)) throw this.error(`${JSON.stringify(text)} is missing ${where}${this.found()}`);
  }

  peekIdentifier(): string | undefined {
    this.skip();
    IDENTIFIER.lastIndex = this.position;
    return IDENTIFIER.exec(this.text)?.[0];
  }

  identifier(what: string): string {
    const name = this.peekIdentifier();
    if (name === undefined) throw this.error(`${what} is missing${this.found()}`);
    this.position += name.length;
    return name;
  }

  /** The match of a sticky expression here, which is read. */
  match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.position;
    const match = pattern.exec(this.text);
    if (match) this.position = pattern.lastIndex;
    return match ?? undefined;
  }

  line(at = this.position): number {
    // Every expression asks: counted from the start each time, a file of 1 MB takes minutes.
    this.#newlines ??= newlinesOf(this.text);
    let [low, high] = [0, this.#newlines.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#newlines[middle]! < at) low = middle + 1;
      else high = middle;
    }
    return 1 + this.lineOffset + low;
  }

  /** From a position on, or of the line here. */
  location(from = this.position): SourceLocation {
    return { file: this.file, start: this.line(from), end: this.line() };
  }

  error(message: string, at = this.position): VarveError {
    const line = this.line(at);
    return new VarveError('BAKE_SYNTAX', message, { location: { file: this.file, start: line, end: line } });
  }

  /** What is here, for an error. */
  found(): string {
    this.skip();
    if (this.isAtEnd()) return ': the file ends here';
    const [next = ''] = this.text.slice(this.position).split('\n', 1);
    return next === '' ? ': the line ends here' : `: found ${JSON.stringify(next.slice(0, 20))}`;
  }
}

function newlinesOf(text: string): number[] {
  const places: number[] = [];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) places.push(at);
  return places;
}
