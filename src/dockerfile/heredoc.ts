import { VarveError } from '../errors.ts';
import type { NodeHeredoc } from './node.ts';
import { lexWord } from './word-lexer.ts';

const MARK = /^(\d*)<<(-?)[\t\n\f\r ]*([^<]*)$/;
const NOTHING_SET = { get: () => undefined };
const WORD = { keepQuotes: false, keepEscapes: false, plainQuotes: false, keepUnset: true };

/** `<<EOF`: a heredoc whose content is not read yet. */
export type HeredocMark = Omit<NodeHeredoc, 'content'>;

/**
 * Reads one word as the beginning of a heredoc. Any quote in it means that the body is taken as it is.
 *
 * @returns undefined when it is none
 * @throws VarveError SUBSTITUTION for quotes that don't end
 */
export function parseHeredocMark(word: string): HeredocMark | undefined {
  const [, fd = '', dash = '', marker = ''] = MARK.exec(word) ?? [];
  if (marker === '') return undefined;
  const { words } = lexWord(marker, NOTHING_SET, '\\', WORD);
  const [name] = words;
  if (name === undefined || words.length !== 1) return undefined;
  const quoted = lexWord(marker, NOTHING_SET, '\\', { ...WORD, keepQuotes: true }).words.join('');
  return {
    name,
    expand: countQuotes(name) === countQuotes(quoted),
    chomp: dash === '-',
    // Go gives up at 2^64 with the largest number; no process has such a file descriptor.
    fileDescriptor: Math.min(Number(fd), Number.MAX_SAFE_INTEGER),
  };
}

/** The heredocs that an instruction announces, in the order in which their bodies follow. */
export function heredocMarks(line: string): HeredocMark[] {
  if (!line.includes('<<')) return [];
  let words: string[];
  try {
    words = lexWord(line, NOTHING_SET, '\\', { ...WORD, keepQuotes: true, keepEscapes: true }).words;
  } catch (error) {
    // A shell line may hold quotes that only the shell understands: then there are no heredocs in it.
    if (error instanceof VarveError) return [];
    throw error;
  }
  return words.map(parseHeredocMark).filter((mark) => mark !== undefined);
}

/** What `<<-` does to a body: every line loses its leading tabs. */
export function chompHeredoc(content: string): string {
  return content.replace(/(^|\n)\t+/g, '$1');
}

function countQuotes(text: string): number {
  return text.match(/['"]/g)?.length ?? 0;
}
