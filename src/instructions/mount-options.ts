import { csvFields } from '../dockerfile/csv-fields.ts';
import { didYouMean } from '../dockerfile/suggest.ts';
import { VarveError } from '../errors.ts';

/** `key=value,…` of one --mount, aliases resolved; a key without `=` is true. */
export type MountOptions = ReadonlyMap<string, string | true>;

/** Other names of options. */
export const MOUNT_ALIASES: ReadonlyMap<string, string> = new Map(
  Object.entries<string>({
    src: 'source',
    dst: 'target',
    destination: 'target',
    ro: 'readonly',
    rw: 'readwrite',
  }),
);
const COMMON = ['type', 'target'];
/** The options of each mount type. docs/dockerfile.md has a row for each, which a test checks. */
export const MOUNT_OPTIONS: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries<readonly string[]>({
    bind: [...COMMON, 'from', 'source', 'readonly', 'readwrite'],
    cache: [...COMMON, 'id', 'from', 'source', 'sharing', 'readonly', 'readwrite', 'mode', 'uid', 'gid'],
    tmpfs: [...COMMON, 'size', 'readwrite', 'readonly'],
    secret: [...COMMON, 'id', 'source', 'env', 'required', 'mode', 'uid', 'gid', 'readonly', 'readwrite'],
    ssh: [...COMMON, 'id', 'required', 'mode', 'uid', 'gid', 'readonly', 'readwrite'],
  }),
);
const KNOWN = [...new Set([...MOUNT_OPTIONS.values()].flat()), ...MOUNT_ALIASES.keys()];
/** As strconv.ParseUint(value, base, 32). */
const MAX_UINT32 = 2 ** 32 - 1;
const FLAGS = ['readonly', 'readwrite', 'required'];

/**
 * Reads the CSV of a --mount and checks its keys against its type.
 * @throws VarveError `DOCKERFILE_MOUNT` with BuildKit's wording
 */
export function parseMountOptions(text: string, expand: (value: string) => string): MountOptions {
  const options = new Map<string, string | true>();
  for (const field of csvFields(text)) {
    const equals = field.indexOf('=');
    const given = (equals < 0 ? field : field.slice(0, equals)).toLowerCase();
    const key = MOUNT_ALIASES.get(given) ?? given;
    if (!KNOWN.includes(given)) throw invalid(`unexpected key '${given}' in '${field}'${didYouMean(given, KNOWN)}`);
    if (equals < 0 && !FLAGS.includes(key)) throw invalid(`invalid field '${field}' must be a key=value pair`);
    const raw = field.slice(equals + 1);
    // Kept as `readonly`: the last one given counts.
    if (key === 'readwrite') {
      options.set('readonly', String(equals >= 0 && !parseFlag(given, expand(raw))));
      continue;
    }
    if (equals < 0) {
      options.set(key, true);
      continue;
    }
    if (key === 'from' && raw.includes('$')) {
      throw invalid(
        `'${field}' has a variable, which from= cannot have`,
        'define a stage whose FROM has the variable, and use its name',
      );
    }
    options.set(key, key === 'from' ? raw : expand(raw));
  }
  const type = String(options.get('type') ?? 'bind').toLowerCase();
  const allowed = MOUNT_OPTIONS.get(type);
  if (!allowed)
    throw invalid(`unsupported mount type "${type}"`, `the types are ${[...MOUNT_OPTIONS.keys()].join(', ')}`);
  for (const key of options.keys()) {
    if (!allowed.includes(key)) throw invalid(`unexpected key '${key}' for mount type '${type}'`);
  }
  return options;
}

/** The option as text; undefined when it is absent or empty. */
export function textOption(options: MountOptions, key: string): string | undefined {
  const value = options.get(key);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** A flag: bare is true. */
export function flagOption(options: MountOptions, key: string, fallback = false): boolean {
  const value = options.get(key);
  if (value === undefined || value === true) return value ?? fallback;
  return parseFlag(key, value);
}

function parseFlag(key: string, value: string): boolean {
  if (['true', '1', 't'].includes(value.toLowerCase())) return true;
  if (['false', '0', 'f'].includes(value.toLowerCase())) return false;
  throw invalid(`invalid value for ${key}: ${value}`, 'it is true or false');
}

/** A whole number, octal for `mode`. */
export function numberOption(options: MountOptions, key: string, fallback: number): number {
  const value = textOption(options, key);
  if (value === undefined) return fallback;
  const radix = key === 'mode' ? 8 : 10;
  const valid = radix === 8 ? /^[0-7]{1,11}$/ : /^\d{1,10}$/;
  if (!valid.test(value) || Number.parseInt(value, radix) > MAX_UINT32)
    throw invalid(`invalid value ${value} for ${key}`);
  return Number.parseInt(value, radix);
}

export function mountError(message: string, hint?: string): VarveError {
  return invalid(message, hint);
}

function invalid(message: string, hint?: string): VarveError {
  return new VarveError('DOCKERFILE_MOUNT', message, hint === undefined ? {} : { hint });
}
