/** A launcher's message is one line; more than this is the command's own output. */
const MAX_HELD_BYTES = 8192;

/**
 * Passes a command's stderr on, but holds it back as long as it could be the launcher's only message ("failed to
 * execute …"), which begins with one of `prefixes`. The launcher speaks only when the command never started, so this
 * is about the very first bytes: as soon as they differ, everything streams.
 */
export class StderrGate {
  readonly #prefixes: readonly string[];
  readonly #sink: (chunk: Buffer) => void;
  #held: Buffer | undefined = Buffer.alloc(0);

  constructor(prefixes: readonly string[], sink: (chunk: Buffer) => void) {
    this.#prefixes = prefixes;
    this.#sink = sink;
  }

  write(chunk: Buffer): void {
    if (!this.#held) {
      this.#sink(chunk);
      return;
    }
    this.#held = Buffer.concat([this.#held, chunk]);
    if (this.#held.length > MAX_HELD_BYTES || !this.#mayBeLauncher(this.#held)) this.release();
  }

  /** The launcher's message, when that is all there was. */
  message(): string | undefined {
    const text = this.#held?.toString() ?? '';
    return this.#prefixes.some((prefix) => text.startsWith(prefix)) ? text.trimEnd() : undefined;
  }

  /** It was the command's after all. */
  release(): void {
    if (this.#held && this.#held.length > 0) this.#sink(this.#held);
    this.#held = undefined;
  }

  #mayBeLauncher(held: Buffer): boolean {
    return this.#prefixes.some((prefix) => {
      const length = Math.min(prefix.length, held.length);
      return held.toString('latin1', 0, length) === prefix.slice(0, length);
    });
  }
}
