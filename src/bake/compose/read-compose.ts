import { dirname, join } from 'node:path/posix';
import { parse } from 'yaml';
import * as z from 'zod';
import { VarveError } from '../../errors.ts';
import type { BakeFile, BakeOptions } from '../bake-options.ts';
import { interpolate } from './interpolate.ts';

type Yaml = unknown;
type YamlMap = Readonly<Record<string, Yaml>>;

const text = z.union([z.string(), z.number(), z.boolean()]).transform(String);
const texts = z.array(text);
/** `[NAME=VALUE]` or `{NAME: VALUE}`; null takes the environment's. */
const pairs = z.union([
  texts.transform((list) => Object.fromEntries(list.map((each) => splitPair(each)))),
  z.record(z.string(), z.union([text, z.null()])),
]);
const textOrTexts = z.union([texts, text.transform((each) => each.split(/\s+/).filter(Boolean))]);

const xBake = z.strictObject({
  tags: textOrTexts.optional(),
  'cache-from': textOrTexts.optional(),
  'cache-to': textOrTexts.optional(),
  secret: textOrTexts.optional(),
  ssh: textOrTexts.optional(),
  platforms: textOrTexts.optional(),
  output: textOrTexts.optional(),
  pull: z.boolean().optional(),
  'no-cache': z.boolean().optional(),
  'no-cache-filter': textOrTexts.optional(),
  contexts: z.record(z.string(), text).optional(),
});

const limit = z.union([text, z.object({ soft: text, hard: text })]);
const build = z.strictObject({
  context: text.optional(),
  additional_contexts: pairs.optional(),
  dockerfile: text.optional(),
  dockerfile_inline: text.optional(),
  args: pairs.optional(),
  ssh: pairs.optional(),
  labels: pairs.optional(),
  cache_from: texts.optional(),
  cache_to: texts.optional(),
  no_cache: z.boolean().optional(),
  pull: z.boolean().optional(),
  network: text.optional(),
  target: text.optional(),
  secrets: z.array(z.union([text.transform((source) => ({ source })), z.looseObject({ source: text })])).optional(),
  shm_size: text.optional(),
  ulimits: z.record(z.string(), limit).optional(),
  extra_hosts: z.union([texts, z.record(z.string(), z.union([text, texts]))]).optional(),
  platforms: texts.optional(),
  tags: texts.optional(),
  entitlements: texts.optional(),
  provenance: text.optional(),
  sbom: text.optional(),
  privileged: z.boolean().optional(),
  isolation: text.optional(),
  'x-bake': xBake.optional(),
});

const service = z.object({
  image: text.optional(),
  build: build.optional(),
  environment: pairs.optional(),
  env_file: z
    .union([text, z.array(z.union([text, z.object({ path: text, required: z.boolean().optional() })]))])
    .optional(),
});

const document = z.object({
  services: z.record(z.string(), service.nullable()).optional(),
  secrets: z
    .record(
      z.string(),
      z.looseObject({ file: text.optional(), environment: text.optional(), external: z.unknown().optional() }),
    )
    .optional(),
});

export type ComposeDocument = z.infer<typeof document>;
export type ComposeBuild = z.infer<typeof build>;
export type ComposeService = z.infer<typeof service>;

/**
 * Reads compose files, a later one over an earlier one, with what they include; of a service only what a build needs.
 * @throws VarveError `BAKE_SYNTAX`, `BAKE_VALUE`, `UNSUPPORTED`
 */
export function readCompose(files: readonly BakeFile[], options: BakeOptions): ComposeDocument {
  const merged = files
    .map((file) => readOne(file, options, []))
    .reduce((under, over) => merge(under, over, []) as YamlMap, {});
  const read = document.safeParse(merged);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  const names = files.map(({ name }) => name).join(', ');
  throw new VarveError('BAKE_VALUE', `${names}: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'invalid'}`);
}

/** @param from the files that include it, the outermost first */
function readOne({ name, text: source }: BakeFile, options: BakeOptions, from: readonly string[]): YamlMap {
  let yaml: Yaml;
  try {
    yaml = parse(source, { merge: true, logLevel: 'error' }) as Yaml;
  } catch (error) {
    throw new VarveError('BAKE_SYNTAX', `${name} is not YAML: ${(error as Error).message}`);
  }
  if (!isMap(yaml)) throw new VarveError('BAKE_SYNTAX', `${name}: a compose file is a map with services`);
  const filled = fill(yaml, options.environment) as YamlMap;
  const { services, secrets, include } = filled;
  for (const [key, each] of Object.entries(isMap(services) ? services : {}))
    if (isMap(each) && each.extends !== undefined)
      throw new VarveError('UNSUPPORTED', `${name}: services.${key}: varve does not read extends`, {
        hint: 'use a YAML anchor, or a second compose file that is merged with -f',
      });
  const included = (Array.isArray(include) ? include : []).flatMap((each) =>
    includedFiles(each, [...from, name], options),
  );
  const own = { ...(services ? { services: withMaps(services) } : {}), ...(secrets ? { secrets } : {}) };
  return [...included, own].reduce<YamlMap>((under, over) => merge(under, over, []) as YamlMap, {});
}

function includedFiles(entry: Yaml, chain: readonly string[], options: BakeOptions): YamlMap[] {
  const from = chain.at(-1)!;
  const path = isMap(entry) ? entry.path : entry;
  const paths = Array.isArray(path) ? path : [path];
  return paths.map((each) => {
    const name = join(dirname(from), String(each));
    const source = options.readFile(name);
    if (source === undefined) throw new VarveError('BAKE_VALUE', `${from} includes ${name}, which is not there`);
    if (chain.includes(name)) throw new VarveError('BAKE_VALUE', `${[...chain, name].join(' includes ')}: a circle`);
    return readOne({ name, text: source }, options, chain);
  });
}

/** `build: DIR` is `build: {context: DIR}`. */
function withMaps(services: Yaml): Yaml {
  if (!isMap(services)) return services;
  return Object.fromEntries(
    Object.entries(services).map(([name, each]) => [
      name,
      isMap(each) && typeof each.build === 'string' ? { ...each, build: { context: each.build } } : each,
    ]),
  );
}

function fill(value: Yaml, environment: Readonly<Record<string, string>>): Yaml {
  if (typeof value === 'string') return interpolate(value, environment);
  if (Array.isArray(value)) return value.map((each) => fill(each, environment));
  if (!isMap(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, fill(each, environment)]));
}

/** Lists that are maps written as lines. */
const PAIR_LISTS: ReadonlySet<string> = new Set(['args', 'labels', 'environment', 'additional_contexts', 'ssh']);

function merge(under: Yaml, over: Yaml, path: readonly string[]): Yaml {
  const name = path.at(-1) ?? '';
  if (PAIR_LISTS.has(name)) return { ...pairsOf(under), ...pairsOf(over) };
  if (Array.isArray(under) && Array.isArray(over)) return [...under, ...over];
  if (!isMap(under) || !isMap(over)) return over ?? under;
  const keys = [...new Set([...Object.keys(under), ...Object.keys(over)])];
  return Object.fromEntries(
    keys.map((key) => [
      key,
      key in under && key in over ? merge(under[key], over[key], [...path, key]) : key in over ? over[key] : under[key],
    ]),
  );
}

function pairsOf(value: Yaml): YamlMap {
  if (Array.isArray(value)) return Object.fromEntries(value.map((each) => splitPair(String(each))));
  return isMap(value) ? value : {};
}

function splitPair(text: string): [string, string | null] {
  const equals = text.indexOf('=');
  return equals < 0 ? [text, null] : [text.slice(0, equals), text.slice(equals + 1)];
}

function isMap(value: Yaml): value is YamlMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
