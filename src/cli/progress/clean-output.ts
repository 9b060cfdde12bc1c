import { stripVTControlCharacters } from 'node:util';
import { trimEnd } from '../../io/trim-end.ts';
import { printable } from '../printable.ts';

/** Colours and weights: `ESC [ 1;31 m`. */
const STYLES = /\u001b\[[\d;]*m/g;
/** Marks that reorder what is read: a line must not look like another one. @see https://trojansource.codes */
const REORDERING = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
/** Stands for an unclosed OSC, DCS, SOS, PM or APC, whose text a terminal would swallow. */
const OPEN_STRINGS = /\u001b[\]PX^_]/g;
const TAB = '    ';

/** One line of a command's output, or any other text from outside, as text that a terminal only shows. */
export function cleanLine(line: string): string {
  // A program that believes in a terminal draws over its line.
  const shown = trimEnd(line, '\r');
  const last = shown.slice(shown.lastIndexOf('\r') + 1);
  const text = stripVTControlCharacters(last).replaceAll(OPEN_STRINGS, '').replaceAll('\t', TAB);
  return printable(text).replaceAll(REORDERING, (mark) => `\\u${mark.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** The same with its colours left. */
export function cleanStyledLine(line: string): string {
  const last = trimEnd(line, '\r');
  const from = last.lastIndexOf('\r') + 1;
  const text = last.slice(from);
  const styles = text.match(STYLES) ?? [];
  if (styles.length === 0) return cleanLine(text);
  const parts = text.split(STYLES).map(cleanLine);
  return `${parts.map((part, i) => part + (styles[i] ?? '')).join('')}\u001b[0m`;
}

/** Text of several lines, such as an instruction with heredocs, as one. */
export function oneLine(text: string): string {
  const lines = text.split('\n');
  const last = lines.length - 1;
  const parts = lines.map((line, i) => {
    const start = i > 0 ? line.trimStart() : line;
    return i < last ? start.trimEnd() : start;
  });
  return cleanLine(parts.filter((part, i) => part !== '' || i === 0 || i === last).join(' '));
}
