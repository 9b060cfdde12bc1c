import { VarveError } from '../errors.ts';
import { csvFields } from './csv.ts';
import { parseFlag } from './variables.ts';

/** What is written as `type=T,name=value`: an output, a cache, an attestation; printed with its names in order. */
export interface Entry {
  readonly type: string;
  readonly [name: string]: string | boolean;
}

export interface SecretEntry {
  readonly id?: string;
  readonly src?: string;
  readonly env?: string;
}

export interface SshEntry {
  readonly id?: string;
  readonly paths?: readonly string[];
}

type Fields = Readonly<Record<string, unknown>>;

/** A text or an object of a bake file as an entry. Throws VarveError `BAKE_VALUE`. */
export type ReadEntry<T> = (value: string | Fields) => T;

/** `REF`, or `type=T,…`. */
export const readCache: ReadEntry<Entry> = (value) => {
  if (typeof value !== 'string') return typed('cache', texts(value));
  const fields = csvFields(value);
  const [only = ''] = fields;
  if (fields.length === 1 && !only.includes('=')) return entry({ ref: only, type: 'registry' });
  return typed('cache', pairs(fields));
};

/** A directory, `-`, or `type=T,…`. */
export const readOutput: ReadEntry<Entry> = (value) => {
  if (typeof value !== 'string') return typed('output', texts(value));
  if (!value.includes(',') && !value.startsWith('type='))
    return entry({ type: value === '-' ? 'tar' : 'local', dest: value });
  return typed('output', pairs(csvFields(value)));
};

export const readAttest: ReadEntry<Entry> = (value) => {
  const { disabled, ...rest } = typeof value === 'string' ? pairs(csvFields(value)) : texts(value);
  const isDisabled = disabled !== undefined && parseFlag('disabled', disabled);
  return { ...typed('attestation', rest), ...(isDisabled ? { disabled: true } : {}) };
};

export const readSecret: ReadEntry<SecretEntry> = (value) => {
  const { type, source, ...fields } = typeof value === 'string' ? pairs(csvFields(value)) : texts(value);
  const unknown = Object.keys(fields).find((name) => !['id', 'src', 'env'].includes(name));
  if (unknown !== undefined) throw problem(`unexpected key ${JSON.stringify(unknown)} in a secret`);
  if (type !== undefined && type !== 'file' && type !== 'env')
    throw problem(`unsupported secret type ${JSON.stringify(type)}`);
  const { id, env } = fields;
  const src = fields.src ?? source;
  const named = type === 'env' && !env ? { env: src } : { src, env };
  return present({ id, ...named });
};

export const readSsh: ReadEntry<SshEntry> = (value) => {
  if (typeof value !== 'string') {
    const { id, paths } = value;
    return {
      ...(id ? { id: String(id) } : {}),
      ...(Array.isArray(paths) && paths.length ? { paths: paths.map(String) } : {}),
    };
  }
  const equals = value.indexOf('=');
  return equals < 0 ? { id: value } : { id: value.slice(0, equals), paths: value.slice(equals + 1).split(',') };
};

/** `--sbom` and `--provenance`, as buildx reads them: a bool, or attributes. */
export function canonicalAttest(type: string, text: string): string {
  try {
    return `type=${type},disabled=${!parseFlag(type, text)}`;
  } catch {
    return `type=${type},${text}`;
  }
}

/** An entry as a flag of the command line has it. */
export function entryText(value: Entry): string {
  const { type, ...rest } = value;
  const fields = [`type=${type}`, ...Object.entries(rest).map(([name, each]) => `${name}=${each}`)];
  return fields.map((field) => (/[",\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field)).join(',');
}

function typed(what: string, fields: Readonly<Record<string, string>>): Entry {
  const { type } = fields;
  if (!type) throw problem(`type is required for ${what === 'output' ? 'an' : 'a'} ${what}`);
  return entry({ ...fields, type });
}

/** Names in order, as Go writes a map. */
function entry(fields: Readonly<Record<string, string>> & { readonly type: string }): Entry {
  return Object.fromEntries(Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1))) as { type: string };
}

function pairs(fields: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    fields.map((field) => {
      const equals = field.indexOf('=');
      if (equals < 0) throw problem(`invalid value ${field}: it is written name=value`);
      return [field.slice(0, equals).trim().toLowerCase(), field.slice(equals + 1)];
    }),
  );
}

function texts(fields: Fields): Record<string, string> {
  return Object.fromEntries(
    Object.entries(fields)
      .filter(([, value]) => value !== null)
      .map(([name, value]) => [name, String(value)]),
  );
}

function present(fields: Readonly<Record<string, string | undefined>>): SecretEntry {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value));
}

function problem(message: string): VarveError {
  return new VarveError('BAKE_VALUE', message);
}
