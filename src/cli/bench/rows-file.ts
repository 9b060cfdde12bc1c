import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import type * as z from 'zod';

/** What was measured so far; a row that was cut off when the benchmark was killed is none, and measured again. */
export function readRows<T>(path: string, schema: z.ZodType<T>): T[] {
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8')
    .split('\n')
    .flatMap((line) => {
      try {
        return schema.parse(JSON.parse(line));
      } catch {
        return [];
      }
    });
}

/** Adds a row, on a line of its own whatever the last one is. */
export function appendRow(path: string, row: unknown): void {
  const isCut = existsSync(path) && !/(^|\n)$/.test(readFileSync(path, 'utf8'));
  appendFileSync(path, `${isCut ? '\n' : ''}${JSON.stringify(row)}\n`);
}
