import type { SourceLocation } from '../errors.ts';

const RULER = '-'.repeat(20);

/** How much is taken around one line in question, and around several; each line above or below counts one, each round too. */
const AROUND_ONE = 4;
const AROUND_SEVERAL = 2;

/** The lines of a source with those in question marked, as buildx shows them; empty when they are not there. */
export function sourceExcerpt(source: string, { file, start, end }: SourceLocation): string {
  const lines = source.replace(/^\ufeff/, '').split(/\r?\n/);
  if (start < 1 || start > lines.length) return '';
  const last = Math.min(end, lines.length);
  const around = start === last ? AROUND_ONE : AROUND_SEVERAL;
  let [from, to] = [start, last];
  for (let taken = 0; taken < around; taken++) {
    if (from > 1) {
      from--;
      taken++;
    }
    if (to < lines.length) {
      to++;
      taken++;
    }
  }
  const shown = lines.slice(from - 1, to).map((text, i) => {
    const number = from + i;
    const mark = number >= start && number <= last ? '>>>' : '   ';
    return ` ${String(number).padStart(3)} | ${mark} ${text}`;
  });
  return [`${file}:${start}`, RULER, ...shown, RULER, ''].join('\n');
}
