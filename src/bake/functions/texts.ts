import { isList, type Value } from '../values/value.ts';
import { formatText } from './format-text.ts';
import { REGEX_FUNCTIONS } from './regexes.ts';
import { type BakeFunction, refuse, takes, takesMore } from './signature.ts';

/** Strings: as go-cty's, whose characters are grapheme clusters. */
export const TEXT_FUNCTIONS: Readonly<Record<string, BakeFunction>> = {
  ...REGEX_FUNCTIONS,
  byteslen: takes(['text'], (text) => Buffer.byteLength(text)),
  chomp: takes(['text'], (text) => text.replace(/[\r\n]+$/, '')),
  format: takesMore(['text'], 'nullable', (args, format) => formatText(format, args)),
  formatlist: takesMore(['text'], 'nullable', (args, format) => formatList(format, args)),
  indent: takes(['number', 'text'], (spaces, text) => text.replaceAll('\n', `\n${' '.repeat(Math.max(spaces, 0))}`)),
  join: takesMore(['text'], 'texts', (lists, separator) => lists.flat().join(separator)),
  lower: takes(['text'], (text) => text.toLowerCase()),
  replace: takes(['text', 'text', 'text'], (text, from, to) => text.replaceAll(from, () => to)),
  reverse: takes(['text'], (text) => graphemes(text).reverse().join('')),
  sort: takes(['texts'], (texts) => [...texts].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))),
  split: takes(['text', 'text'], (separator, text) => (separator === '' ? graphemes(text) : text.split(separator))),
  strlen: takes(['text'], (text) => graphemes(text).length),
  substr: takes(['text', 'number', 'number'], substring),
  title: takes(['text'], (text) => text.replace(/(?<![\p{L}\p{N}_'’])\p{L}/gu, (letter) => letter.toUpperCase())),
  trim: takes(['text', 'text'], (text, cutset) => trimEnd(trimStart(text, cutset), cutset)),
  trimprefix: takes(['text', 'text'], (text, prefix) => (text.startsWith(prefix) ? text.slice(prefix.length) : text)),
  trimspace: takes(['text'], (text) => text.trim()),
  trimsuffix: takes(['text', 'text'], (text, suffix) =>
    suffix !== '' && text.endsWith(suffix) ? text.slice(0, -suffix.length) : text,
  ),
  upper: takes(['text'], (text) => text.toUpperCase()),
};

function graphemes(text: string): string[] {
  return Array.from(new Intl.Segmenter('en', { granularity: 'grapheme' }).segment(text), ({ segment }) => segment);
}

/** A negative offset counts from the end; a length of -1 is the rest. */
function substring(text: string, offset: number, length: number): string {
  const all = graphemes(text);
  const from = offset < 0 ? Math.max(all.length + offset, 0) : offset;
  return all.slice(from, length < 0 ? undefined : from + length).join('');
}

function trimStart(text: string, cutset: string): string {
  const characters = Array.from(text);
  const from = characters.findIndex((each) => !cutset.includes(each));
  return from < 0 ? '' : characters.slice(from).join('');
}

function trimEnd(text: string, cutset: string): string {
  const characters = Array.from(text);
  return characters.slice(0, characters.findLastIndex((each) => !cutset.includes(each)) + 1).join('');
}

/** Lists among the arguments are gone through side by side. */
function formatList(format: string, args: readonly Value[]): Value {
  const lists = args.filter(isList);
  const count = lists[0]?.length ?? 1;
  if (lists.some((list) => list.length !== count)) throw refuse('all lists must have the same length');
  return Array.from({ length: count }, (_, i) =>
    formatText(
      format,
      args.map((arg) => (isList(arg) ? arg[i]! : arg)),
    ),
  );
}
