import { posix } from 'node:path';
import { nearest } from '../dockerfile/suggest.ts';
import { VarveError } from '../errors.ts';
import type { BakeConfig } from './bake-file.ts';
import type { Group } from './bake-options.ts';
import { isPattern, matchesName } from './match-name.ts';
import { applyOverrides, type Overrides } from './overrides.ts';
import { mergeTargets, normalizeTarget, type Target } from './target.ts';

/** What to build, with everything inherited and overridden. */
export interface Selection {
  readonly groups: ReadonlyMap<string, Group>;
  readonly targets: ReadonlyMap<string, SelectedTarget>;
}

export interface SelectedTarget extends Target {
  readonly context: string;
  readonly dockerfile: string;
}

/**
 * The targets of the names, groups and patterns in `names`, and those whose result they take as a context.
 * @throws VarveError `BAKE_TARGET` for one that is not there, or that leads to itself
 */
export function selectTargets(config: BakeConfig, names: readonly string[], overrides: Overrides): Selection {
  const asked = [
    ...new Set(names.map((name) => name.replaceAll('.', '_')).flatMap((name) => matchNames(config, name))),
  ];
  const targets = new Map<string, SelectedTarget>();
  const groups = new Map<string, Group>();
  for (const name of asked) {
    const resolved = resolveGroup(config, name, new Set());
    for (const target of resolved.targets) targets.set(target, resolveTarget(config, target, overrides));
    for (const group of resolved.groups) groups.set(group, config.groups.get(group)!);
  }
  const others = asked.filter((name) => !(name === 'default' && groups.has('default')));
  const group = groups.get('default');
  if (others.length) groups.set('default', { ...group, targets: [...new Set([...(group?.targets ?? []), ...others])] });
  const whole = groups.get('default');
  if (whole) groups.set('default', { ...whole, targets: [...whole.targets].sort() });
  for (const name of [...targets.keys()]) link(config, name, targets, overrides, []);
  return { groups: sorted(groups), targets: sorted(targets) };
}

function matchNames(config: BakeConfig, pattern: string): string[] {
  if (!isPattern(pattern)) return [pattern];
  const names = [...config.groups.keys(), ...config.targets.keys()].filter((name) => matchesName(pattern, name));
  if (!names.length) throw missing(`could not find any target matching ${JSON.stringify(pattern)}`);
  return names;
}

function resolveGroup(
  config: BakeConfig,
  name: string,
  visited: Set<string>,
): { readonly targets: readonly string[]; readonly groups: readonly string[] } {
  const group = config.groups.get(name);
  // A group of the name of a target may have that target.
  if (!group || visited.has(name)) return { targets: config.targets.has(name) || !group ? [name] : [], groups: [] };
  visited.add(name);
  const inner = group.targets.map((each) => resolveGroup(config, each, visited));
  return {
    targets: [...new Set(inner.flatMap(({ targets }) => targets))],
    groups: [...new Set([name, ...inner.flatMap(({ groups }) => groups)])],
  };
}

function resolveTarget(config: BakeConfig, name: string, overrides: Overrides): SelectedTarget {
  const { inherits: _, ...target } = inherit(config, name, overrides, new Map());
  const context = target.context ?? '.';
  return { ...target, context: cleanContext(context), dockerfile: target.dockerfile || 'Dockerfile' };
}

/** As Go's path.Clean; addresses stay as they are. */
function cleanContext(context: string): string {
  const path = context.startsWith('cwd://') ? context.slice('cwd://'.length) : context;
  if (/^[a-z][a-z0-9+.-]*:\/\/|^git@|^target:/i.test(path)) return path;
  return posix.normalize(path === '' ? '.' : path).replace(/(.)\/$/, '$1');
}

function inherit(
  config: BakeConfig,
  name: string,
  overrides: Overrides,
  visited: Map<string, Target | undefined>,
): Target {
  const target = config.targets.get(name);
  if (!target) {
    const near = nearest(name, [...config.targets.keys(), ...config.groups.keys()]);
    throw missing(`failed to find target ${name}`, near === undefined ? undefined : `did you mean ${near}?`);
  }
  visited.set(name, undefined);
  let under: Target = {};
  for (const parent of target.inherits ?? []) {
    // One that is still being resolved leads to itself: it gives nothing.
    const known = visited.has(parent) ? visited.get(parent) : inherit(config, parent, overrides, visited);
    if (known) under = mergeTargets(under, known);
  }
  const result = normalizeTarget(applyOverrides(mergeTargets(under, target), overrides.get(name)));
  visited.set(name, result);
  return result;
}

function link(
  config: BakeConfig,
  name: string,
  targets: Map<string, SelectedTarget>,
  overrides: Overrides,
  before: readonly string[],
): void {
  const path = [...before, name];
  for (const other of linkedTargets(targets.get(name)!)) {
    if (other === name) throw missing(`target ${name} cannot link to itself`);
    if (path.includes(other)) throw missing(`infinite loop from ${name} to ${other}`);
    if (!targets.has(other))
      targets.set(other, { ...resolveTarget(config, other, overrides), output: [{ type: 'cacheonly' }] });
    link(config, other, targets, overrides, path);
    const target = targets.get(name)!;
    const { platforms = [], entitlements = [] } = targets.get(other)!;
    const own = target.platforms ?? [];
    if (own.length > 1 && platforms.length > 1 && own.some((platform) => !platforms.includes(platform)))
      throw missing(`target ${other} can't be used by ${name}: its platforms ${platforms} don't have all of ${own}`);
    const all = [...new Set([...(target.entitlements ?? []), ...entitlements])];
    if (all.length) targets.set(name, { ...target, entitlements: all });
  }
}

/** The targets whose results are contexts of this one. */
export function linkedTargets({ contexts }: Target): string[] {
  return Object.values(contexts ?? {}).flatMap((value) => (value.startsWith('target:') ? [value.slice(7)] : []));
}

function sorted<T>(map: ReadonlyMap<string, T>): ReadonlyMap<string, T> {
  return new Map([...map].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function missing(message: string, hint?: string): VarveError {
  return new VarveError('BAKE_TARGET', message, { ...(hint === undefined ? {} : { hint }), exitCode: 2 });
}
