export interface Steps {
  /** Steps that were taken from the store, as the progress names them. */
  readonly cached: readonly string[];
  readonly ran: readonly string[];
}

/** A step's output past this is counted only; apt alone says 160 lines. */
const SHOWN_LINES = 4;

/** The last lines that are given when a build fails. */
const KEPT_LINES = 40;

/** Reads a build's plain progress as it comes: passes on a short form of it and remembers what became of each step. */
export class ProgressReader {
  readonly #write: (line: string) => void;
  readonly #titles = new Map<string, string>();
  readonly #outputLines = new Map<string, number>();
  readonly #cached: string[] = [];
  readonly #ran: string[] = [];
  readonly #last: string[] = [];
  #partial = '';

  constructor(write: (line: string) => void) {
    this.#write = write;
  }

  read(text: string): void {
    // A program that believes in a terminal ends its lines with both.
    const lines = (this.#partial + text).split(/\r*\n/);
    this.#partial = lines.pop() ?? '';
    // What was drawn over is not shown: apt counts per cent on one line.
    for (const line of lines) this.#line(line.replace(/^(#\d+ )?.*\r/s, '$1'));
  }

  steps(): Steps {
    return { cached: this.#cached, ran: this.#ran };
  }

  lastLines(): string {
    return this.#last.join('\n');
  }

  #line(line: string): void {
    this.#last.push(line);
    if (this.#last.length > KEPT_LINES) this.#last.shift();
    const [, id, text = ''] = /^#(\d+) (.*)$/.exec(line) ?? [];
    if (id === undefined) this.#write(line);
    else if (this.#isOutput(id, text)) this.#output(id, line);
    else {
      const hidden = (this.#outputLines.get(id) ?? 0) - SHOWN_LINES;
      if (hidden > 0) this.#write(`#${id} … ${hidden} more lines`);
      this.#write(line);
    }
  }

  /** False for the first line of a step and for its last one, which are noted. */
  #isOutput(id: string, text: string): boolean {
    const title = this.#titles.get(id);
    if (title === undefined) this.#titles.set(id, text);
    else if (text === 'CACHED') this.#cached.push(title);
    else if (/^DONE \d/.test(text)) this.#ran.push(title);
    else return true;
    return false;
  }

  #output(id: string, line: string): void {
    const count = (this.#outputLines.get(id) ?? 0) + 1;
    this.#outputLines.set(id, count);
    if (count <= SHOWN_LINES) this.#write(line);
  }
}
