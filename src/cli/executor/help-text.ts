import type { FlagRow } from './flag-row.ts';

/** What `--help` prints: a line or two for each flag. */
export function helpText(usage: string, about: string, rows: readonly FlagRow[]): string {
  const lines = rows
    .filter(({ alias }) => alias === undefined)
    .map(({ name, short, type, default: value, env, meaning, says }) => {
      const flag = `${short === undefined ? '    ' : `-${short}, `}--${name}${type === 'bool' ? '' : ` ${type}`}`;
      const notes = [value === undefined ? '' : `default ${value}`, env === undefined ? '' : `or $${env}`];
      const more = notes.filter(Boolean).join(', ');
      const kind = meaning === 'same' ? '' : meaning === 'noted' ? 'nothing comes of it: ' : 'refused: ';
      return `  ${flag}\n        ${kind}${says}${more ? ` (${more})` : ''}\n`;
    });
  return `Usage: ${usage}\n\n${about}\n\nFlags:\n${lines.join('')}`;
}
