import { VarveError } from '../errors.ts';
import { type Entry, type ReadEntry, readAttest, readCache, readOutput, readSecret, readSsh } from './entries.ts';
import { matchesName } from './match-name.ts';
import { mergeTargets, type Target } from './target.ts';
import { parseFlag } from './variables.ts';

/** What one key of `--set` says of one target. */
export interface Override {
  readonly value: string;
  readonly values: readonly string[];
  readonly appends: boolean;
}

/** By target, then by key: `args.NAME`, `tags`. */
export type Overrides = ReadonlyMap<string, ReadonlyMap<string, Override>>;

const LISTS: ReadonlySet<string> = new Set([
  ...['output', 'cache-to', 'cache-from', 'tags', 'platform', 'secrets', 'ssh', 'attest', 'entitlements'],
  ...['annotations', 'no-cache-filter', 'ulimits'],
]);
const NAMED: ReadonlySet<string> = new Set(['args', 'contexts', 'labels', 'extra-hosts', 'secret']);

/**
 * Reads `--set TARGET.KEY[.NAME][+]=VALUE`; a target may be a pattern. An argument alone takes its value from the
 * environment.
 *
 * @throws VarveError `USAGE`
 */
export function parseOverrides(
  texts: readonly string[],
  targets: readonly string[],
  lookup: (name: string) => string | undefined,
): Overrides {
  const overrides = new Map<string, Map<string, Override>>();
  for (const text of texts) {
    const equals = text.indexOf('=');
    const written = equals < 0 ? text : text.slice(0, equals);
    const given = equals < 0 ? undefined : text.slice(equals + 1);
    const path = written.replace(/\+$/, '');
    const [pattern = '', key, ...rest] = path.split('.');
    const name = rest.length ? rest.join('.') : undefined;
    if (!key) throw usage(text, 'expected target.name');
    if (given === undefined && key !== 'args') throw usage(text, 'expected target.name=value');
    if (NAMED.has(key) && name === undefined) throw usage(text, `${key} requires name`);
    const value = given ?? lookup(name!);
    // An argument that the environment doesn't have is not set.
    const names = matchingTargets(pattern, targets);
    if (value === undefined) continue;
    for (const target of names) {
      const own = overrides.get(target) ?? new Map<string, Override>();
      overrides.set(target, own);
      const full = name === undefined ? key : `${key}.${name}`;
      const before = own.get(full)?.values ?? [];
      const values = LISTS.has(key) ? [...before, value] : [];
      own.set(full, { value, values, appends: written.endsWith('+') });
    }
  }
  return overrides;
}

function matchingTargets(pattern: string, targets: readonly string[]): readonly string[] {
  if (targets.includes(pattern)) return [pattern];
  const names = targets.filter((target) => matchesName(pattern, target));
  if (names.length) return names;
  throw new VarveError('USAGE', `could not find any target matching '${pattern}'`, { exitCode: 2 });
}

/** @throws VarveError `USAGE` for a key that is none, `UNSUPPORTED` */
export function applyOverrides(target: Target, overrides: ReadonlyMap<string, Override> | undefined): Target {
  let result = target;
  // Secrets themselves go before where they are from.
  const ordered = [...(overrides ?? [])].sort(
    ([a], [b]) => Number(a.startsWith('secret.')) - Number(b.startsWith('secret.')),
  );
  for (const [key, override] of ordered) result = apply(result, key, override);
  return result;
}

function apply(target: Target, key: string, { value, values, appends }: Override): Target {
  const dot = key.indexOf('.');
  const [field, name] = dot < 0 ? [key, ''] : [key.slice(0, dot), key.slice(dot + 1)];
  const list = <T>(before: readonly T[] | undefined, read: ReadEntry<T>): T[] => {
    const given = values.filter((each) => each !== '').map(read);
    return appends ? [...(before ?? []), ...given] : given;
  };
  const texts = (before: readonly string[] | undefined): string[] =>
    appends ? [...(before ?? []), ...values] : [...values];
  switch (field) {
    case 'context':
    case 'dockerfile':
    case 'target':
    case 'call':
    case 'shm-size':
    case 'network':
      return { ...target, [field]: value };
    case 'args':
    case 'contexts':
    case 'labels':
    case 'extra-hosts':
      return mergeTargets(target, { [field]: { [name]: value } });
    case 'tags':
    case 'no-cache-filter':
    case 'ulimits':
      return { ...target, [field]: texts(target[field]) };
    case 'platform':
      return { ...target, platforms: texts(target.platforms) };
    case 'cache-from':
    case 'cache-to':
      return { ...target, [field]: list(target[field], readCache) };
    case 'output':
      return { ...target, output: list(target.output, readOutput) };
    case 'secrets':
      return { ...target, secret: list(target.secret, readSecret) };
    case 'ssh':
      return { ...target, ssh: list(target.ssh, readSsh) };
    case 'attest':
      return mergeTargets(target, { attest: values.map(readAttest) });
    case 'annotations':
    case 'entitlements':
      return mergeTargets(target, { [field]: values });
    case 'secret':
      return { ...target, secret: overrideSecret(target, name, value) };
    case 'no-cache':
    case 'pull':
      return { ...target, [field]: parseFlag(field, value) };
    case 'push':
      return { ...target, output: pushed(target.output ?? [], parseFlag('push', value)) };
    case 'load':
      if (!parseFlag('load', value)) return target;
      throw new VarveError('UNSUPPORTED', 'load: there is no daemon to load images into', {
        hint: 'write a docker archive: output type=docker,dest=FILE',
        exitCode: 2,
      });
    default:
      throw usage(key, `unknown key: ${field}`);
  }
}

/** Another source for a secret that the file declares. */
function overrideSecret({ secret = [] }: Target, id: string, value: string): NonNullable<Target['secret']> {
  if (!secret.some((each) => each.id === id))
    throw usage(`secret.${id}`, `secret ${JSON.stringify(id)} must be declared before it can be overridden`);
  const given = readSecret(value);
  if (given.id !== undefined && given.id !== id)
    throw usage(
      `secret.${id}`,
      `secret override id ${JSON.stringify(given.id)} does not match declared secret ${JSON.stringify(id)}`,
    );
  return secret.map((each) => (each.id === id ? { ...given, id } : each));
}

function pushed(outputs: readonly Entry[], pushes: boolean): Entry[] {
  const set = outputs.map((output) => (output.type === 'image' ? { ...output, push: String(pushes) } : output));
  if (!pushes) return set.filter(({ type }) => type !== 'registry');
  return outputs.every(({ type }) => type === 'docker') ? [...set, { push: 'true', type: 'image' }] : set;
}

function usage(text: string, why: string): VarveError {
  return new VarveError('USAGE', `--set ${text}: ${why}`, { exitCode: 2 });
}
