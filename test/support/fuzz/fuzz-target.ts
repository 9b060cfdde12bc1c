import type { Random } from './random.ts';

/** Something of varve that reads bytes which others made. */
export interface FuzzTarget extends Partial<AsyncDisposable> {
  readonly name: string;
  readonly samples: readonly Buffer[];
  /** Its samples may be refused: what is asked decides. */
  readonly refusesSamples?: boolean;
  /** One input takes tens of milliseconds. */
  readonly heavy?: boolean;
  /** The samples are JSON, so that they can be changed as values too. */
  readonly json?: boolean;
  readonly tokens?: readonly string[];
  /** Makes a changed sample again what is looked at further: checksums, digests, compression. */
  finish?(bytes: Buffer, random: Random): Buffer | Promise<Buffer>;
  /** Reads it, and throws what varve's own code has to deal with. Checks what it gives where that can be checked. */
  read(input: Buffer): unknown;
  /** Errors that are no VarveErrors, and that every caller turns into a miss or a message. */
  expects?(error: unknown): boolean;
}
