import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { resolve } from 'node:path';
import { type BakeConfig, DEFAULT_FILES, readBakeFiles } from '../../bake/bake-file.ts';
import type { BakeFile } from '../../bake/bake-options.ts';
import { parseDotEnv } from '../../bake/compose/interpolate.ts';
import { canonicalAttest } from '../../bake/entries.ts';
import { stdlib } from '../../bake/functions/stdlib.ts';
import { parseOverrides } from '../../bake/overrides.ts';
import { type Selection, selectTargets } from '../../bake/select-targets.ts';
import { mergeTargets } from '../../bake/target.ts';
import { VarveError } from '../../errors.ts';
import type { Clock } from '../../io/clock.ts';
import { formatPlatform, type Platform } from '../../oci/platform.ts';
import { parsePairs } from '../parse-pairs.ts';
import type { BakeFlags } from './bake-flags.ts';

/** What of the machine a bake file may see. */
export interface BakeWorld {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly directory: string;
  readonly stdin: AsyncIterable<unknown>;
  readonly clock: Clock;
  readonly platform: Platform;
}

export interface ReadBake {
  readonly config: BakeConfig;
  /** The targets that the names stand for, as the flags change them. */
  select(names: readonly string[]): Selection;
}

type Flags = Pick<BakeFlags, 'file' | 'set' | 'var' | 'push' | 'load' | 'pull' | 'provenance' | 'sbom'> & {
  readonly cache?: boolean;
  readonly call?: string;
};

/**
 * Reads the bake files that the flags name, or that the directory has.
 * @throws VarveError `USAGE`, `BAKE_MISSING` and those of the files
 */
export async function readBake(flags: Flags, world: BakeWorld): Promise<ReadBake> {
  const { env, directory } = world;
  const files = await bakeFiles(flags.file.length ? flags.file : envFiles(env), world);
  if (!files.length)
    throw new VarveError('BAKE_MISSING', "couldn't find a bake definition", {
      hint: `write one of ${DEFAULT_FILES.join(', ')}, or name one with --file`,
      exitCode: 2,
    });
  const variables = parsePairs('--var', flags.var, (name) => env[name]);
  const usesEnv = !['1', 't', 'true'].includes((env.BUILDX_BAKE_DISABLE_VARS_ENV_LOOKUP ?? '').toLowerCase());
  const inEnv = (name: string): string | undefined => (usesEnv && Object.hasOwn(env, name) ? env[name] : undefined);
  const lookup = (name: string): string | undefined => variables.get(name) ?? inEnv(name);
  const readFile = (path: string): string | undefined => readText(resolve(directory, path));
  const shell = usesEnv ? present(env) : {};
  const environment = { ...parseDotEnv(readFile('.env') ?? '', shell), ...shell, ...Object.fromEntries(variables) };
  const builtins = new Map([
    ['BAKE_CMD_CONTEXT', 'cwd://'],
    ['BAKE_LOCAL_PLATFORM', formatPlatform(world.platform)],
  ]);
  const functions = stdlib({ clock: world.clock, home: env.HOME ?? homedir() });
  const config = readBakeFiles(files, { functions, builtins, lookup, environment, readFile });
  return {
    config,
    select(names) {
      const overrides = parseOverrides([...flags.set, ...shortcuts(flags)], [...config.targets.keys()], inEnv);
      const selection = selectTargets(config, names.length ? names : ['default'], overrides);
      return withEpoch(selection, env.SOURCE_DATE_EPOCH);
    },
  };
}

function shortcuts(flags: Flags): string[] {
  return [
    ...(flags.push ? ['*.push=true'] : []),
    ...(flags.load ? ['*.load=true'] : []),
    ...(flags.call === undefined ? [] : [`*.call=${flags.call}`]),
    ...(flags.cache === false ? ['*.no-cache=true'] : []),
    ...(flags.pull ? ['*.pull=true'] : []),
    ...(flags.sbom ? [`*.attest=${canonicalAttest('sbom', flags.sbom)}`] : []),
    ...(flags.provenance ? [`*.attest=${canonicalAttest('provenance', flags.provenance)}`] : []),
  ];
}

function withEpoch(selection: Selection, epoch: string | undefined): Selection {
  if (!epoch) return selection;
  const targets = [...selection.targets].map(([name, target]) => {
    const given = mergeTargets({ args: { SOURCE_DATE_EPOCH: epoch } }, target).args;
    return [name, given ? { ...target, args: sorted(given) } : target] as const;
  });
  return { ...selection, targets: new Map(targets) };
}

function sorted(fields: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function envFiles({ BUILDX_BAKE_FILE: files, BUILDX_BAKE_PATH_SEPARATOR: separator }: BakeWorld['env']): string[] {
  return files ? files.split(separator || ':').filter(Boolean) : [];
}

async function bakeFiles(names: readonly string[], { directory, stdin }: BakeWorld): Promise<BakeFile[]> {
  const wanted = names.length ? names : DEFAULT_FILES.filter((name) => existsSync(resolve(directory, name)));
  const files: BakeFile[] = [];
  for (const name of wanted) {
    if (name === '-') {
      const chunks: Buffer[] = [];
      for await (const chunk of stdin) chunks.push(Buffer.from(chunk as Uint8Array));
      files.push({ name, text: Buffer.concat(chunks).toString() });
      continue;
    }
    const path = name.replace(/^cwd:\/\//, '');
    if (/^(?:[a-z][a-z0-9+.-]*:\/\/|git@)/i.test(path)) throw remote(name);
    const text = readText(resolve(directory, path));
    if (text === undefined) throw new VarveError('BAKE_MISSING', `the bake file ${name} is not there`, { exitCode: 2 });
    files.push({ name: path, text });
  }
  return files;
}

/** What a remote definition is told. */
export function remote(name: string): VarveError {
  return new VarveError('UNSUPPORTED', `${name}: varve reads no bake files from elsewhere`, {
    hint: 'check the repository out and bake there',
    exitCode: 2,
  });
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function present(env: BakeWorld['env']): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter((pair): pair is [string, string] => pair[1] !== undefined));
}
