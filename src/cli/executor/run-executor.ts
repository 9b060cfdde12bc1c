import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command } from 'commander';
import { topOf } from '../../build/images/build-result.ts';
import type { Exported } from '../../build/output/export-image.ts';
import { VarveError } from '../../errors.ts';
import { systemClock } from '../../io/clock.ts';
import { formatReference } from '../../oci/reference.ts';
import { addBuildFlags, type BuildFlags } from '../build-flags.ts';
import { runBuild } from '../commands/build.ts';
import { timedLines } from '../timed-lines.ts';
import { cacheFlags, checkTogether, type FlagValues, flagValues, sameFlags } from './build-argv.ts';
import { EXECUTOR_ROWS } from './executor-rows.ts';
import { helpText } from './help-text.ts';
import { kanikoSource } from './kaniko-context.ts';
import { logFlags, logStyle } from './log-style.ts';
import { flagNotes, variableNotes } from './notes.ts';
import { type ParsedFlags, parseFlags, parseGoBool } from './parse-flags.ts';
import { refuseFlags, refuseWords } from './refuse.ts';
import { storePlace } from './store-place.ts';
import { noteWriter } from './write-note.ts';

export interface ExecutorRun {
  readonly signal: AbortSignal;
  readonly version: string;
}

const ABOUT =
  'Builds an image from a Dockerfile and pushes it: the command line of kaniko. docs/from-kaniko.md says what is different.';

/** `executor` without a sub-command: kaniko's flags, done by `varve build`. */
export async function runExecutor(argv: readonly string[], { signal, version }: ExecutorRun): Promise<void> {
  const { env } = process;
  const asked = parseFlags(argv, EXECUTOR_ROWS, 'executor');
  const parsed = withVariables(asked, env);
  if (parsed.given.has('help')) {
    process.stdout.write(helpText('executor [flags]', ABOUT, EXECUTOR_ROWS));
    return;
  }
  refuseWords(parsed, 'executor');
  refuseFlags(parsed, EXECUTOR_ROWS);
  const values = flagValues(parsed, EXECUTOR_ROWS);
  const style = logStyle(values);
  const out = style.timestamps ? timedLines(process.stderr, systemClock.now) : process.stderr;
  const note = noteWriter(style, out);
  const noted = isInPlace(parsed) ? EXECUTOR_ROWS.filter(({ name }) => !IN_PLACE.includes(name)) : EXECUTOR_ROWS;
  for (const text of [...flagNotes(parsed, noted), ...variableNotes(env, noted)]) note(text);
  checkTogether(values);
  const store = storePlace(asked, values.text('store'), note);
  useDockerConfig(values.text('kaniko-dir') ?? '/kaniko', parsed.given.has('kaniko-dir'));
  const source = await kanikoSource(
    {
      context: values.text('context') ?? '',
      bucket: parsed.given.has('context') ? undefined : values.text('bucket'),
      subPath: values.text('context-sub-path'),
      dockerfile: values.text('dockerfile') ?? 'Dockerfile',
      git: values.list('git'),
    },
    { env, stdin: process.stdin, signal },
  );
  const [target, ...moreTargets] = values.list('target').filter((name) => name !== '');
  const flags = parseBuildFlags([
    ...sameFlags(
      adapted(parsed, env),
      EXECUTOR_ROWS.filter(({ name }) => !name.startsWith('cache') && name !== 'no-push-cache'),
    ),
    ...cacheFlags(values),
    ...outputFlags(values),
    ...(isInPlace(parsed) ? IN_PLACE.filter((name) => values.bool(name)).map((name) => `--${name}`) : []),
    ...logFlags(style),
    // What the store has under a name may be old: kaniko asks the registry for every base.
    '--pull',
    ...(target === undefined ? [] : [`--target=${target}`]),
    ...(store === undefined ? [] : [`--store=${store}`]),
  ]);
  const exported = await runBuild(source, flags, { signal, version, out, moreTargets });
  if (exported && env.BUILDER_OUTPUT && !values.bool('no-push')) await writeBuilderOutput(env.BUILDER_OUTPUT, exported);
}

/** Flags that mean something where varve uses its own root, as kaniko does. */
const IN_PLACE: readonly string[] = ['force', 'pre-cleanup', 'cleanup', 'preserve-context'];

function isInPlace({ given }: ParsedFlags): boolean {
  return given.get('isolation')?.at(-1) === 'in-place';
}

/** Variables that stand for flags. A variable of a bool goes before the flag, as in kaniko. */
function withVariables(parsed: ParsedFlags, env: NodeJS.ProcessEnv): ParsedFlags {
  const given = new Map(parsed.given);
  for (const { name, type, env: variable, meaning } of EXECUTOR_ROWS) {
    const value = variable === undefined ? undefined : env[variable];
    const isTaken = meaning === 'same' || (isInPlace(parsed) && IN_PLACE.includes(name));
    if (value === undefined || !isTaken) continue;
    if (type === 'bool') {
      const bool = parseGoBool(value);
      if (bool === undefined) throw usage(`${variable}=${value}: it is true or false`);
      given.set(name, [String(bool)]);
    } else if (type === 'string' && !given.has(name)) given.set(name, [value]);
    // Those that may be repeated are read where the registry's flags are.
  }
  return { ...parsed, given };
}

/** Values that are written otherwise for varve. */
function adapted({ given, words }: ParsedFlags, env: NodeJS.ProcessEnv): ParsedFlags {
  const changed = new Map(given);
  const map = (name: string, change: (value: string) => string): void => {
    const values = given.get(name);
    if (values) changed.set(name, values.map(change));
  };
  // A name alone that the environment does not have is empty in kaniko, and absent in buildx.
  map('build-arg', (text) => (text.includes('=') || env[text] !== undefined ? text : `${text}=`));
  map('annotation', (text) => `manifest:${text}`);
  return { given: changed, words };
}

function outputFlags(values: FlagValues): string[] {
  if (!values.bool('no-push')) return ['--push'];
  const isWritten = values.text('tar-path') !== undefined || values.text('oci-layout-path') !== undefined;
  return isWritten ? [] : ['--output=type=cacheonly'];
}

function parseBuildFlags(argv: readonly string[]): BuildFlags {
  const command = addBuildFlags(new Command('executor').exitOverride().allowExcessArguments(false));
  return command.parse([...argv], { from: 'user' }).opts<BuildFlags>();
}

/** kaniko's own directory has docker's config.json, and takes it along when it moves. */
function useDockerConfig(directory: string, isGiven: boolean): void {
  const config = join(directory, '.docker');
  if ((isGiven || !process.env.DOCKER_CONFIG) && existsSync(join(config, 'config.json')))
    process.env.DOCKER_CONFIG = config;
}

/** @see https://github.com/osscontainertools/kaniko pkg/executor/push.go writeImageOutputs */
async function writeBuilderOutput(directory: string, { result, names }: Exported): Promise<void> {
  const { digest } = topOf(result).descriptor;
  const lines = names.map((name) => `${JSON.stringify({ name: formatReference(name), digest })}\n`);
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, 'images'), lines.join(''));
}

function usage(message: string, hint?: string): VarveError {
  return new VarveError('USAGE', message, { exitCode: 2, ...(hint === undefined ? {} : { hint }) });
}
