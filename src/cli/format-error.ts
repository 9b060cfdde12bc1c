import { VarveError } from '../errors.ts';
import { machineFault } from '../io/machine-fault.ts';
import { cleanLine } from './progress/clean-output.ts';
import { sourceExcerpt } from './source-excerpt.ts';

/** Longest text of one part, of an excerpt, and of one line: what a registry or a file says is quoted in messages. In characters. */
const TEXT_LIMIT = 6000;
const EXCERPT_LIMIT = 20_000;
const LINE_LIMIT = 2000;

/** The error as a person reads it: place, message, excerpt, hint. A programmer's mistake comes with its stack. */
export function formatError(error: unknown): string {
  const fault = machineFault(error);
  if (!(error instanceof VarveError)) {
    if (fault) return `varve: ${fault.what}: ${shown((error as Error).message)}\nhint: ${fault.hint}\n`;
    return `varve: internal error: ${shown(error instanceof Error ? (error.stack ?? error.message) : String(error))}\n`;
  }
  const { location, source, hint = fault?.hint, output } = error;
  const place = location ? `${cleanLine(location.file)}:${location.start}: ` : '';
  const parts = [`varve: ${place}${shown(error.message)}\n`];
  if (location && source !== undefined)
    parts.push(`${shown(sourceExcerpt(source, location).trimEnd(), EXCERPT_LIMIT)}\n`);
  if (output !== undefined)
    parts.push('the last that it wrote:\n', ...output.split('\n').map((line) => `   | ${cleanLine(line)}\n`));
  if (hint !== undefined) parts.push(`hint: ${shown(hint)}\n`);
  return parts.join('');
}

/** Text that may quote what others wrote, as lines that a terminal only shows. */
function shown(text: string, most = TEXT_LIMIT): string {
  const cut = (line: string, limit: number): string => (line.length > limit ? `${line.slice(0, limit)}…` : line);
  return cut(
    text
      .split(/\r\n?|\n/)
      .map((line) => cut(cleanLine(line), LINE_LIMIT))
      .join('\n'),
    most,
  );
}
