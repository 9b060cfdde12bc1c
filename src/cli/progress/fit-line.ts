import stringWidth from 'string-width';

const ELLIPSIS = '…';
const ASCII = /^[\x20-\x7e]*$/;

/** Columns that text without control characters takes: wide characters take two, combining ones none. */
export function widthOf(text: string): number {
  return ASCII.test(text) ? text.length : stringWidth(text);
}

/** The text in at most `columns`, never cut within a character that several code points make. */
export function cut(text: string, columns: number, segments: Intl.Segmenter): string {
  if (columns <= 0) return '';
  if (widthOf(text) <= columns) return text;
  let kept = '';
  let width = 0;
  for (const { segment } of segments.segment(text)) {
    const next = widthOf(segment);
    if (width + next > columns - 1) break;
    kept += segment;
    width += next;
  }
  return kept + ELLIPSIS;
}

/** `left`, cut where it must be, and `right` at the end of a line of so many columns. */
export function spread(left: string, right: string, columns: number, segments: Intl.Segmenter): string {
  const room = columns - widthOf(right) - 1;
  if (room < 1) return cut(left, columns, segments);
  const text = cut(left, room, segments);
  return `${text}${' '.repeat(Math.max(0, room - widthOf(text)))} ${right}`;
}
