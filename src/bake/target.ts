import { VarveError } from '../errors.ts';
import {
  type Entry,
  type ReadEntry,
  readAttest,
  readCache,
  readOutput,
  readSecret,
  readSsh,
  type SecretEntry,
  type SshEntry,
} from './entries.ts';
import { toBool, toText } from './values/convert.ts';
import { isList, isObject, type Value, type ValueObject } from './values/value.ts';

/** A target of a bake file, under the names that the file has. What is not said is not there. */
export interface Target {
  readonly description?: string;
  readonly inherits?: readonly string[];
  readonly annotations?: readonly string[];
  readonly attest?: readonly Entry[];
  readonly context?: string;
  readonly contexts?: Readonly<Record<string, string>>;
  readonly dockerfile?: string;
  readonly 'dockerfile-inline'?: string;
  readonly args?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly tags?: readonly string[];
  readonly 'cache-from'?: readonly Entry[];
  readonly 'cache-to'?: readonly Entry[];
  readonly target?: string;
  readonly secret?: readonly SecretEntry[];
  readonly ssh?: readonly SshEntry[];
  readonly platforms?: readonly string[];
  readonly output?: readonly Entry[];
  readonly pull?: boolean;
  readonly 'no-cache'?: boolean;
  readonly network?: string;
  readonly 'no-cache-filter'?: readonly string[];
  readonly 'shm-size'?: string;
  readonly ulimits?: readonly string[];
  readonly call?: string;
  readonly entitlements?: readonly string[];
  readonly 'extra-hosts'?: Readonly<Record<string, string>>;
}

type Key = keyof Target;
type Join = 'replace' | 'append' | 'fields';

interface AttributeRule {
  read(value: Value): unknown;
  /** What becomes of a value that is there already. */
  readonly join: Join;
}

const text: AttributeRule = { read: (value) => toText(value), join: 'replace' };
const flag: AttributeRule = { read: (value) => toBool(value), join: 'replace' };
const texts = (join: Join): AttributeRule => ({ read: (value) => items(value).map((each) => toText(each)), join });
const fields: AttributeRule = { read: (value) => stringFields(value), join: 'fields' };
const entries = (read: ReadEntry<unknown>, join: Join): AttributeRule => ({
  read: (value) =>
    items(value)
      .filter((each) => each !== '')
      .map((each) => read(isObject(each) ? each : toText(each))),
  join,
});

/** In the order that they are printed in. */
const ATTRIBUTES: Readonly<Record<Key, AttributeRule>> = {
  description: text,
  inherits: texts('append'),
  annotations: texts('append'),
  attest: entries(readAttest, 'append'),
  context: text,
  contexts: fields,
  dockerfile: text,
  'dockerfile-inline': text,
  args: fields,
  labels: fields,
  tags: texts('replace'),
  'cache-from': entries(readCache, 'append'),
  'cache-to': entries(readCache, 'replace'),
  target: text,
  secret: entries(readSecret, 'append'),
  ssh: entries(readSsh, 'append'),
  platforms: texts('replace'),
  output: entries(readOutput, 'replace'),
  pull: flag,
  'no-cache': flag,
  network: text,
  'no-cache-filter': texts('append'),
  'shm-size': text,
  ulimits: texts('append'),
  call: text,
  entitlements: texts('append'),
  'extra-hosts': fields,
};

export const TARGET_KEYS = Object.keys(ATTRIBUTES) as readonly Key[];

/** buildx has them; nothing here would heed them. */
const REFUSED: Readonly<Record<string, string>> = {
  policy: 'varve has no source policies',
  resources: 'limits of memory and processors are the machine that varve runs on',
};

/**
 * The attributes of a block as a target.
 * @throws VarveError `BAKE_VALUE` for what a target doesn't have
 */
export function readTarget(attributes: ValueObject): Target {
  const read: [string, unknown][] = [];
  for (const [name, value] of Object.entries(attributes)) {
    if (Object.hasOwn(REFUSED, name))
      throw new VarveError('UNSUPPORTED', `the attribute ${name} of a target: ${REFUSED[name]}`);
    const rule = Object.hasOwn(ATTRIBUTES, name) ? ATTRIBUTES[name as Key] : undefined;
    if (!rule) throw new VarveError('BAKE_VALUE', `a target has no attribute ${JSON.stringify(name)}`);
    if (value === null) continue;
    try {
      read.push([name, rule.read(value)]);
    } catch (error) {
      throw error instanceof VarveError ? error.prefixed(`${name}: `) : error;
    }
  }
  return Object.fromEntries(read) as Target;
}

/** `over` laid over `under`: single values and tags, platforms, outputs and cache-to replace, the rest is added. */
export function mergeTargets(under: Target, over: Target): Target {
  const merged: Record<string, unknown> = { ...under };
  for (const [name, value] of Object.entries(over)) {
    const before = merged[name];
    const { join } = ATTRIBUTES[name as Key];
    if (join === 'fields' && before) merged[name] = { ...before, ...(value as object) };
    else if (join === 'append' && before) merged[name] = [...(before as unknown[]), ...(value as unknown[])];
    else merged[name] = value;
  }
  return merged as Target;
}

/** Each item of a list once, what is empty left out, and names and keys in the order that they are printed in. */
export function normalizeTarget(target: Target): Target {
  const entitlements = [...(target.entitlements ?? []), ...(target.network === 'host' ? ['network.host'] : [])];
  const all: Record<string, unknown> = { ...target, ...(entitlements.length ? { entitlements } : {}) };
  const normal: Record<string, unknown> = {};
  for (const name of TARGET_KEYS) {
    const value = all[name];
    const kept = name === 'attest' && Array.isArray(value) ? lastOfEachType(value as Entry[]) : value;
    const clean = Array.isArray(kept) ? distinct(kept) : isPlain(kept) ? ordered(kept, name === 'contexts') : kept;
    if (clean === undefined || clean === '' || (typeof clean === 'object' && Object.keys(clean!).length === 0)) {
      // An empty string is a value, where it may be one.
      if (clean !== '' || name === 'description' || name === 'dockerfile') continue;
    }
    normal[name] = clean;
  }
  return normal as Target;
}

function lastOfEachType(values: readonly Entry[]): Entry[] {
  return [...new Map(values.map((value) => [value.type, value])).values()];
}

function distinct(values: readonly unknown[]): unknown[] {
  return [...new Map(values.filter((value) => value !== '').map((value) => [JSON.stringify(value), value])).values()];
}

function isPlain(value: unknown): value is Record<string, string> {
  return typeof value === 'object' && value !== null;
}

function ordered(value: Record<string, string>, dropsEmpty: boolean): Record<string, string> {
  const entriesOf = Object.entries(value).filter(([, each]) => !dropsEmpty || each !== '');
  return Object.fromEntries(entriesOf.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function items(value: Value): readonly Value[] {
  if (!isList(value)) throw new VarveError('BAKE_VALUE', 'a list is required');
  return value.filter((each) => each !== null);
}

/** A null field is one that is not there. */
function stringFields(value: Value): Record<string, string> {
  if (!isObject(value)) throw new VarveError('BAKE_VALUE', 'a map is required');
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, each]) => each !== null)
      .map(([name, each]) => [name, toText(each)]),
  );
}
