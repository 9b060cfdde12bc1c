import type { Answer } from './answer-call.ts';
import type { Call } from './parse-call.ts';

/** Prints an answer and sets the exit code. @throws VarveError the answer's error, after what was found */
export function printAnswer({ text, json, status, error }: Answer, { format }: Call): void {
  process.stdout.write(format === 'json' ? `${JSON.stringify(json, null, 2)}\n` : text);
  if (error) throw error;
  process.exitCode = status;
}
