import { readFileSync } from 'node:fs';
import { type SourceLocation, VarveError } from '../errors.ts';

/** Lines of the Dockerfile that are shown around the one in question. */
const EXCERPT_LINES = 2;

/** The error as a person reads it: place, message, excerpt, hint. A programmer's mistake comes with its stack. */
export function formatError(error: unknown): string {
  if (!(error instanceof VarveError)) {
    return `varve: internal error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`;
  }
  const { location, hint } = error;
  const place = location ? `${location.file}:${location.start}: ` : '';
  const parts = [`varve: ${place}${error.message}`];
  if (location) parts.push(...excerpt(location));
  if (hint !== undefined) parts.push(`hint: ${hint}`);
  return `${parts.join('\n')}\n`;
}

function excerpt({ file, start, end }: SourceLocation): string[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return [];
  }
  const lines = text.split(/\r?\n/);
  const [first, last] = [Math.max(start - EXCERPT_LINES, 1), Math.min(end + EXCERPT_LINES, lines.length)];
  const width = String(last).length;
  const shown: string[] = [];
  for (let number = first; number <= last; number++) {
    const mark = number >= start && number <= end ? '>' : ' ';
    shown.push(` ${mark} ${String(number).padStart(width)} | ${lines[number - 1] ?? ''}`);
  }
  return shown;
}
