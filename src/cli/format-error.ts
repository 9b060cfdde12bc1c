import { VarveError } from '../errors.ts';
import { machineFault } from '../io/machine-fault.ts';
import { cleanLine } from './progress/clean-output.ts';
import { sourceExcerpt } from './source-excerpt.ts';

/** The error as a person reads it: place, message, excerpt, hint. A programmer's mistake comes with its stack. */
export function formatError(error: unknown): string {
  const fault = machineFault(error);
  if (!(error instanceof VarveError)) {
    if (fault) return `varve: ${fault.what}: ${(error as Error).message}\nhint: ${fault.hint}\n`;
    return `varve: internal error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`;
  }
  const { location, source, hint = fault?.hint, output } = error;
  const place = location ? `${location.file}:${location.start}: ` : '';
  const parts = [`varve: ${place}${error.message}\n`];
  if (location && source !== undefined) parts.push(sourceExcerpt(source, location));
  if (output !== undefined)
    parts.push('the last that it wrote:\n', ...output.split('\n').map((line) => `   | ${cleanLine(line)}\n`));
  if (hint !== undefined) parts.push(`hint: ${hint}\n`);
  return parts.join('');
}
