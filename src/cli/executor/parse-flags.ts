import { parseGoDuration } from '../../dockerfile/go-duration.ts';
import { didYouMean } from '../../dockerfile/suggest.ts';
import { VarveError } from '../../errors.ts';
import type { FlagRow } from './flag-row.ts';

/** A command line as pflag reads it. */
export interface ParsedFlags {
  /** By the flag's own name, what it was given, in order. Bools are `true` or `false`. */
  readonly given: ReadonlyMap<string, readonly string[]>;
  /** Words that belong to no flag. */
  readonly words: readonly string[];
}

/**
 * Reads flags as Go's pflag does: `--flag value`, `--flag=value`, `-f value`, `-fvalue`, `-f=value`, bools without a value or
 * with `=`, `--` before words that are no flags. `help` is a bool that every table has.
 * @param command what errors call it
 * @throws VarveError `USAGE`
 * @see https://pkg.go.dev/github.com/spf13/pflag#hdr-Command_line_flag_syntax
 */
export function parseFlags(argv: readonly string[], rows: readonly FlagRow[], command: string): ParsedFlags {
  const table = [...rows, HELP];
  const given = new Map<string, string[]>();
  const words: string[] = [];
  const rest = [...argv];
  const put = (row: FlagRow, value: string, shown: string): void => {
    const values = given.get(row.alias ?? row.name) ?? [];
    values.push(...valuesOf(row, value, shown));
    given.set(row.alias ?? row.name, values);
  };
  const takeNext = (shown: string): string => {
    const next = rest.shift();
    if (next === undefined) throw usage(`flag needs an argument: ${shown}`);
    return next;
  };
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === '--') {
      words.push(...rest.splice(0));
    } else if (word.startsWith('--')) {
      const equals = word.indexOf('=');
      const name = word.slice(2, equals < 0 ? undefined : equals);
      const row = table.find((each) => each.name === name);
      if (!row) {
        const known = table.filter(({ own }) => !own).map((each) => `--${each.name}`);
        throw usage(`unknown flag: --${name}${didYouMean(`--${name}`, known)}`, `${command} --help lists the flags`);
      }
      if (equals >= 0) put(row, word.slice(equals + 1), `--${name}`);
      else put(row, row.type === 'bool' ? 'true' : takeNext(`--${name}`), `--${name}`);
    } else if (word.startsWith('-') && word !== '-') {
      readShort(word, table, put, takeNext);
    } else {
      words.push(word);
    }
  }
  return { given, words };
}

const HELP: FlagRow = { name: 'help', short: 'h', type: 'bool', meaning: 'same', says: 'this text' };

/** `-xyz`: bools one after the other; the first that takes a value takes the rest. */
function readShort(
  word: string,
  table: readonly FlagRow[],
  put: (row: FlagRow, value: string, shown: string) => void,
  takeNext: (shown: string) => string,
): void {
  for (let letters = word.slice(1); letters !== ''; ) {
    const shown = `-${letters[0]}`;
    const row = table.find(({ short }) => short === letters[0]);
    if (!row) throw usage(`unknown shorthand flag: '${letters[0]}' in ${word}`, 'long flags begin with two dashes');
    const rest = letters.slice(1);
    if (rest.startsWith('=')) {
      put(row, rest.slice(1), shown);
      return;
    }
    if (row.type !== 'bool') {
      put(row, rest === '' ? takeNext(shown) : rest, shown);
      return;
    }
    put(row, 'true', shown);
    letters = rest;
  }
}

function valuesOf(row: FlagRow, value: string, shown: string): string[] {
  const wrong = (what: string): VarveError => usage(`invalid argument ${JSON.stringify(value)} for ${shown}: ${what}`);
  switch (row.type) {
    case 'bool': {
      const bool = parseGoBool(value);
      if (bool === undefined) throw wrong('it is true or false');
      return [String(bool)];
    }
    case 'int':
      if (!/^[+-]?\d{1,15}$/.test(value)) throw wrong('it is a whole number');
      return [String(Number(value))];
    case 'duration':
      try {
        parseGoDuration(value);
      } catch (error) {
        throw wrong((error as VarveError).message);
      }
      return [value];
    case 'pairs':
      if (!value.includes('=')) throw wrong('it is written key=value');
      return [value];
    case 'list':
      return value === '' ? [] : value.split(',');
    default:
      return [value];
  }
}

/** Go's strconv.ParseBool; undefined for anything else. */
export function parseGoBool(text: string): boolean | undefined {
  if (/^(1|t|T|TRUE|true|True)$/.test(text)) return true;
  return /^(0|f|F|FALSE|false|False)$/.test(text) ? false : undefined;
}

function usage(message: string, hint?: string): VarveError {
  return new VarveError('USAGE', message, { exitCode: 2, ...(hint === undefined ? {} : { hint }) });
}
