import type { Writable } from 'node:stream';
import type { LineSink } from './plain-progress.ts';

/** Writes every line at once. */
export function plainLines(out: Writable): LineSink {
  const write = (line: string): void => void out.write(`${line}\n`);
  return { start: (_, line) => write(line), line: (_, line) => write(line), end: (_, line) => write(line) };
}
