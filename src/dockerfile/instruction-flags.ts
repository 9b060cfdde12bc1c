import { didYouMean } from './suggest.ts';
import { syntaxError } from './syntax-error.ts';

export type FlagType = 'bool' | 'string' | 'list';

/** Flags that were given; what was not given is undefined or an empty list. */
export interface Flags {
  string(name: string): string | undefined;
  bool(name: string): boolean | undefined;
  list(name: string): readonly string[];
  /** Names that were given, sorted. */
  readonly used: readonly string[];
}

/**
 * Reads an instruction's `--name=value` flags.
 *
 * @param known the flags that this instruction has
 * @throws VarveError DOCKERFILE_SYNTAX for an unknown flag, one given twice, or a value that is missing or wrong
 */
export function parseFlags(flags: readonly string[], known: Readonly<Record<string, FlagType>>): Flags {
  const values = new Map<string, string[]>();
  for (const flag of flags) {
    if (flag === '--') break;
    const equals = flag.indexOf('=');
    const name = flag.slice(2, equals < 0 ? undefined : equals);
    const type = Object.hasOwn(known, name) ? known[name] : undefined;
    if (type === undefined) throw unknownFlag(name, Object.keys(known));
    const earlier = values.get(name) ?? [];
    if (earlier.length > 0 && type !== 'list') throw syntaxError(`duplicate flag specified: --${name}`);
    values.set(name, [...earlier, readValue(name, type, equals < 0 ? undefined : flag.slice(equals + 1))]);
  }
  return {
    string: (name) => values.get(name)?.[0],
    bool: (name) => (values.has(name) ? values.get(name)?.[0] === 'true' : undefined),
    list: (name) => values.get(name) ?? [],
    used: [...values.keys()].sort(),
  };
}

function readValue(name: string, type: FlagType, value: string | undefined): string {
  if (type === 'bool' && value === undefined) return 'true';
  if (value === undefined || (type === 'bool' && value === '')) {
    throw syntaxError(`missing a value on flag: --${name}`, undefined, `write --${name}=value`);
  }
  if (type !== 'bool') return value;
  const lower = value.toLowerCase();
  if (lower === 'true' || lower === 'false') return lower;
  throw syntaxError(`expecting boolean value for flag --${name}, not: ${value}`, undefined, 'write true or false');
}

function unknownFlag(name: string, known: readonly string[]) {
  const hint =
    known.length === 0 ? 'this instruction has no flags' : `known are ${known.map((k) => `--${k}`).join(' ')}`;
  return syntaxError(`unknown flag: --${name}${didYouMean(name, known)}`, undefined, hint);
}
