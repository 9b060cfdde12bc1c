import { buffer } from 'node:stream/consumers';
import { type PlannedStage, planBuild } from '../../build/plan/plan.ts';
import { createHttpFetcher } from '../../context/http-fetcher.ts';
import { parseDockerfile } from '../../dockerfile/parse-dockerfile.ts';
import { VarveError } from '../../errors.ts';
import { DEFAULT_RUN_SETTINGS } from '../../instructions/run-settings.ts';
import { redactUrl } from '../../io/redact.ts';
import { hostPlatform, parsePlatform } from '../../oci/platform.ts';
import { readDockerfile } from '../context-argument.ts';
import { parsePairs } from '../parse-pairs.ts';
import { createProgram } from '../program.ts';
import { proxySettings } from '../proxy-settings.ts';
import { authoritiesOf } from '../registry-flags.ts';
import { type FlagValues, flagValues, sameFlags } from './build-argv.ts';
import { helpText } from './help-text.ts';
import { logStyle } from './log-style.ts';
import { flagNotes, variableNotes } from './notes.ts';
import { parseFlags } from './parse-flags.ts';
import { refuseFlags, refuseWords } from './refuse.ts';
import { storePlace } from './store-place.ts';
import { WARMER_ROWS } from './warmer-rows.ts';
import { noteWriter } from './write-note.ts';

const ABOUT = "Pulls base images into varve's store: the command line of kaniko's warmer.";

/** `warmer`: each image becomes a `varve pull` into the store. */
export async function runWarmer(argv: readonly string[], signal: AbortSignal): Promise<void> {
  const { env } = process;
  const parsed = parseFlags(argv, WARMER_ROWS, 'warmer');
  if (parsed.given.has('help')) {
    process.stdout.write(helpText('warmer [flags]', ABOUT, WARMER_ROWS));
    return;
  }
  refuseWords(parsed, 'warmer');
  refuseFlags(parsed, WARMER_ROWS);
  const values = flagValues(parsed, WARMER_ROWS);
  const style = logStyle(values);
  const note = noteWriter(style, process.stderr);
  for (const each of [...flagNotes(parsed, WARMER_ROWS), ...variableNotes(env, WARMER_ROWS)]) note(each);
  const images = [...values.list('image'), ...(await dockerfileImages(values, env, signal))];
  if (images.length === 0)
    throw new VarveError('USAGE', 'you must select at least one image to cache or a dockerfilepath to parse', {
      hint: '--image NAME or --dockerfile PATH',
      exitCode: 2,
    });
  const store = storePlace(parsed, values.text('store') ?? env.VARVE_STORE, note);
  const flags = [
    ...sameFlags(parsed, WARMER_ROWS),
    ...(store === undefined ? [] : [`--store=${store}`]),
    ...(style.verbose ? ['--verbose'] : []),
    ...(style.progress === 'quiet' ? ['--quiet'] : []),
  ];
  for (const image of new Set(images))
    await (await createProgram(signal, 'pull')).parseAsync(['pull', image, ...flags], { from: 'user' });
}

/** The base images of all stages. */
async function dockerfileImages(values: FlagValues, env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<string[]> {
  const path = values.text('dockerfile');
  if (path === undefined) return [];
  const bytes = /^https?:\/\//.test(path) ? await fetchDockerfile(path, env, signal) : await readDockerfile(path);
  const buildPlatform = hostPlatform(process.platform, process.arch);
  const platform = values.text('customPlatform');
  const { stages } = planBuild(parseDockerfile(bytes, path), {
    platform: platform === undefined ? buildPlatform : parsePlatform(platform),
    buildPlatform,
    buildArgs: parsePairs('--build-arg', values.list('build-arg'), (name) => env[name] ?? ''),
    named: new Map(),
    run: DEFAULT_RUN_SETTINGS,
  });
  return stages.flatMap(({ base }: PlannedStage) => (base.kind === 'image' ? [base.reference] : []));
}

/** @throws VarveError `DOCKERFILE_MISSING` */
async function fetchDockerfile(url: string, env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<Buffer> {
  const http = createHttpFetcher('varve', proxySettings(env), authoritiesOf(env));
  try {
    const { status, body } = await http.fetch(url, signal);
    if (status !== 200) {
      body.destroy();
      throw new VarveError('DOCKERFILE_MISSING', `${redactUrl(url)} answered ${status}`);
    }
    return await buffer(body);
  } finally {
    await http.close();
  }
}
