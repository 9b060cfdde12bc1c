/** What is read beside an error; the whole output is in the history (docs/progress.md). */
const MAX_LINES = 50;
const MAX_BYTES = 32 * 1024;

/** Keeps the end of what a command writes. */
export class OutputTail {
  #kept = Buffer.alloc(0);

  write(chunk: Buffer): void {
    this.#kept = Buffer.concat([this.#kept, chunk]).subarray(-MAX_BYTES);
  }

  /** The last lines, or undefined when there were none. A line that began before what is kept is left out. */
  text(): string | undefined {
    const lines = this.#kept.toString('utf8').trimEnd().split('\n');
    if (this.#kept.length === MAX_BYTES && lines.length > 1) lines.shift();
    const text = lines.slice(-MAX_LINES).join('\n');
    return text === '' ? undefined : text;
  }
}
