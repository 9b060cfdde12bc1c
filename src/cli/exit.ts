import { constants } from 'node:os';
import { CommanderError } from 'commander';
import { VarveError } from '../errors.ts';
import { formatError } from './format-error.ts';

/** Prints what went wrong and sets the exit code: 1 build failed, 2 usage, a RUN's own code, 128+n for a signal. */
export function exitWith(error: unknown, signal: AbortSignal): void {
  if (signal.aborted) {
    const name = (signal.reason as Error).message as keyof typeof constants.signals;
    process.stderr.write(`varve: cancelled by ${name}\n`);
    process.exitCode = 128 + (constants.signals[name] ?? 0);
    return;
  }
  if (error instanceof CommanderError) {
    // Commander has printed it; --help and --version are no errors.
    process.exitCode = error.exitCode === 0 ? 0 : 2;
    return;
  }
  process.stderr.write(formatError(error));
  process.exitCode = error instanceof VarveError ? error.exitCode : 1;
}
