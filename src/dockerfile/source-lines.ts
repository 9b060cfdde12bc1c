import type { SourceLocation } from '../errors.ts';
import { syntaxError } from './syntax-error.ts';

/** Bytes of the longest line that BuildKit reads (Go's bufio.MaxScanTokenSize - 1). */
const MAX_LINE = 65_535;

const BOM = Buffer.from([0xef, 0xbb, 0xbf]);
const LF = 0x0a;

/** A Dockerfile's lines, read one after the other. */
export class SourceLines {
  readonly #bytes: Buffer;
  readonly #file: string;
  readonly #decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  #at = 0;
  /** Number of the line that was read last, from 1; 0 before the first. */
  line = 0;

  constructor(bytes: Uint8Array, file: string) {
    const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#bytes = all.subarray(0, 3).equals(BOM) ? all.subarray(3) : all;
    this.#file = file;
  }

  /** Lines `start` to `end` (the last one read unless told) of this file. */
  location(start: number, end = Math.max(start, this.line)): SourceLocation {
    return { file: this.#file, start, end };
  }

  /**
   * The next line with its line end, or undefined at the end.
   *
   * @throws VarveError DOCKERFILE_SYNTAX for a line that is too long or, outside comments, no UTF-8
   */
  next(): string | undefined {
    if (this.#at >= this.#bytes.length) return undefined;
    this.line++;
    const newline = this.#bytes.indexOf(LF, this.#at);
    const end = newline < 0 ? this.#bytes.length : newline;
    const bytes = this.#bytes.subarray(this.#at, newline < 0 ? end : end + 1);
    if (end - this.#at > MAX_LINE) {
      throw syntaxError(
        `dockerfile line greater than max allowed size of ${MAX_LINE}`,
        this.location(this.line),
        'break it with line continuations, or move the text to a file and COPY it',
      );
    }
    this.#at = end + 1;
    try {
      return this.#decoder.decode(bytes);
    } catch {
      const text = bytes.toString('latin1');
      if (text.trimStart().startsWith('#')) return text;
      throw syntaxError('the line is not valid UTF-8', this.location(this.line), 'save the Dockerfile as UTF-8');
    }
  }
}
