import { VarveError } from '../errors.ts';
import type { BakeFile, BakeOptions, Group } from './bake-options.ts';
import { composeTargets } from './compose/compose-targets.ts';
import { readCompose } from './compose/read-compose.ts';
import { evaluateDefinitions } from './definitions.ts';
import { parseHcl } from './hcl/parse-body.ts';
import { parseHclJson } from './hcl/parse-json-body.ts';
import type { Body } from './hcl/syntax.ts';
import { mergeTargets, readTarget, type Target } from './target.ts';
import type { BakeVariable } from './variables.ts';

/** What the files say, before anything is inherited. */
export interface BakeConfig {
  readonly groups: ReadonlyMap<string, Group>;
  readonly targets: ReadonlyMap<string, Target>;
  readonly variables: readonly BakeVariable[];
}

/** The files that are read when none is named, of those that are there. */
export const DEFAULT_FILES = [
  ...['compose.yaml', 'compose.yml', 'docker-compose.yml', 'docker-compose.yaml'],
  ...['docker-bake.json', 'docker-bake.hcl', 'docker-bake.override.json', 'docker-bake.override.hcl'],
];

/**
 * Reads bake files as buildx does: compose files first, then the others over them, a later one over an earlier one.
 * @throws VarveError `BAKE_SYNTAX`, `BAKE_VALUE`
 */
export function readBakeFiles(files: readonly BakeFile[], options: BakeOptions): BakeConfig {
  try {
    return readFiles(files, options);
  } catch (error) {
    // What reads and evaluates expressions calls itself for each level, and nothing of it outlives this call.
    if (!(error instanceof RangeError) || !error.message.includes('call stack')) throw error;
    const names = files.map(({ name }) => name).join(', ');
    throw new VarveError('BAKE_SYNTAX', `${names}: expressions are nested too deeply`, { cause: error });
  }
}

function readFiles(files: readonly BakeFile[], options: BakeOptions): BakeConfig {
  const bodies: Body[] = [];
  const composeFiles: BakeFile[] = [];
  for (const file of files) {
    const body = bodyOf(file);
    if (body) bodies.push(body);
    else composeFiles.push(file);
  }
  const compose = composeFiles.length ? composeTargets(readCompose(composeFiles, options), options) : undefined;
  const targets = new Map<string, Target>(compose?.targets);
  const groups = new Map<string, Group>(compose?.groups);
  const sources = new Map(files.map(({ name, text }) => [name, text]));
  try {
    const definitions = evaluateDefinitions(bodies, options);
    const renamed = new Map<string, string[]>();
    for (const { name, label, attributes, block } of definitions.targets) {
      const target = locating(block, () => readTarget(attributes));
      targets.set(name, mergeTargets(targets.get(name) ?? {}, target));
      if (block.body.attributes.has('matrix')) renamed.set(label, [...(renamed.get(label) ?? []), name]);
    }
    for (const { name, attributes, block } of definitions.groups)
      groups.set(
        name,
        locating(block, () => readGroup(attributes)),
      );
    // The label of a matrix is a group of its targets.
    for (const [label, names] of renamed) {
      if ((names.length === 1 && names[0] === label) || groups.has(label)) continue;
      groups.set(label, { targets: [...new Set(names)] });
    }
    return { groups, targets, variables: definitions.variables };
  } catch (error) {
    const source = error instanceof VarveError && error.location && sources.get(error.location.file);
    throw error instanceof VarveError && source !== undefined ? error.withSource(source || '') : error;
  }
}

/** undefined for a compose file. One of another name is what it can be read as. */
function bodyOf({ name, text }: BakeFile): Body | undefined {
  const lower = name.toLowerCase();
  if (/\.ya?ml$/.test(lower)) return undefined;
  try {
    if (lower.endsWith('.json')) return parseHclJson(name, text);
    if (lower.endsWith('.hcl')) return parseHcl(name, text);
    if (text.trimStart().startsWith('{')) return parseHclJson(name, text);
    if (/^[ \t]*(services|include)\s*:/m.test(text)) return undefined;
    return parseHcl(name, text);
  } catch (error) {
    throw error instanceof VarveError ? error.withSource(text) : error;
  }
}

function readGroup(attributes: Readonly<Record<string, unknown>>): Group {
  const { targets, description, ...unknown } = attributes;
  const [other] = Object.keys(unknown);
  if (other !== undefined) throw new VarveError('BAKE_VALUE', `a group has no attribute ${JSON.stringify(other)}`);
  if (!Array.isArray(targets) || !targets.every((each) => typeof each === 'string'))
    throw new VarveError('BAKE_VALUE', 'a group has targets, a list of names');
  const names = [...new Set(targets as string[])];
  return { ...(typeof description === 'string' && description ? { description } : {}), targets: names };
}

function locating<T>(block: { readonly location: VarveError['location'] }, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof VarveError && block.location ? error.at(block.location) : error;
  }
}
