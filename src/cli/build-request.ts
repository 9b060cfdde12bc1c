import type { BuildRequest } from '../build/build.ts';
import { type NamedContext, namedContextKey, parseNamedContext } from '../build/contexts/named-context.ts';
import type { SourcesRequest } from '../build/contexts/open-sources.ts';
import { parseAnnotation } from '../build/images/annotations.ts';
import type { SecretValue } from '../build/mounts/secrets.ts';
import type { PlanRequest } from '../build/plan/plan-request.ts';
import type { BucketAccess } from '../context/bucket-context.ts';
import { VarveError } from '../errors.ts';
import { type Platform, parsePlatformOn } from '../oci/platform.ts';
import { bucketAccess } from './bucket-access.ts';
import type { BuildFlags } from './build-flags.ts';
import { archiveAddress, readContextArgument, type Stdin } from './context-argument.ts';
import { parseTags } from './output-flags.ts';
import { parsePairs, parseSecret } from './parse-pairs.ts';
import { parseRunSettings } from './parse-run-settings.ts';
import { parseSsh } from './parse-ssh.ts';

/** What of a request a check looks at. */
export type CheckedRequest = Omit<PlanRequest, 'dockerfile'> & SourcesRequest & Pick<BuildRequest, 'pull'>;

/** A context that somebody has read already, with its Dockerfile. */
export type BuildSource = Pick<BuildRequest, 'context' | 'dockerfile' | 'ignoreFiles' | 'gitSecrets'>;

/** Where a request is made. */
export interface RequestPlace {
  /** This machine's. */
  readonly platform: Platform;
  readonly env: Environment;
  readonly stdin: Stdin;
  readonly signal: AbortSignal;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * What the flags ask to build; reads the Dockerfile, unless it is in a context elsewhere.
 * @param platform this machine's, for when no --platform is given
 */
export async function buildRequest(
  context: string | BuildSource,
  flags: BuildFlags,
  { platform, env, stdin, signal }: RequestPlace,
): Promise<BuildRequest> {
  const [tag] = parseTags(flags);
  return {
    ...(await checkedRequest(context, flags, { platform, env, stdin, signal })),
    secrets: new Map<string, SecretValue>(flags.secret.map((text) => parseSecret(text, (name) => env[name]))),
    ssh: parseSsh(flags.ssh, env.SSH_AUTH_SOCK),
    run: parseRunSettings(flags),
    labels: parsePairs('--label', flags.label, () => ''),
    annotations: flags.annotation.flatMap(parseAnnotation),
    useCache: flags.cache,
    ignorePaths: ignorePaths(flags.ignorePath),
    squash: flags.squash ?? false,
    normalizeModes: flags.normalizeModes ?? false,
    ...(tag ? { repository: `${tag.registry}/${tag.repository}` } : {}),
    ...(flags.gitIndex === undefined ? {} : { gitIndex: flags.gitIndex ? 'on' : 'off' }),
    noCacheStages: noCacheStages(flags),
  };
}

/** The part of a request that a check needs; reads the Dockerfile. `platform` is this machine's. */
export async function checkedRequest(
  context: string | BuildSource,
  flags: Pick<
    BuildFlags,
    'file' | 'target' | 'platform' | 'buildArg' | 'buildContext' | 'pull' | 'reproducible' | 'contextSubPath'
  >,
  { platform, env, stdin, signal }: RequestPlace,
): Promise<CheckedRequest> {
  const buckets = bucketAccess(env, signal);
  return {
    ...(typeof context === 'string'
      ? await readContextArgument(context, flags.file, { stdin, subPath: flags.contextSubPath, buckets })
      : context),
    ...(flags.target === undefined ? {} : { target: flags.target }),
    platforms: flags.platform.flatMap((text) => text.split(',')).map(parsePlatformOf(platform)),
    buildArgs: buildArgs(flags, env),
    namedContexts: namedContexts(flags.buildContext, buckets),
    pull: flags.pull ?? false,
  };
}

/** `local` is this machine's. */
function parsePlatformOf(local: Platform): (text: string) => Platform {
  return (text) => (text.trim() === 'local' ? local : parsePlatformOn(local, text.trim()));
}

/** SOURCE_DATE_EPOCH comes from the environment when it is not given, as in buildx; --reproducible's is 1970. */
function buildArgs(
  { buildArg, reproducible: isReproducible }: Pick<BuildFlags, 'buildArg' | 'reproducible'>,
  env: Environment,
): Map<string, string> {
  const args = parsePairs('--build-arg', buildArg, (name) => env[name]);
  const epoch = env.SOURCE_DATE_EPOCH ?? (isReproducible ? '0' : undefined);
  if (epoch !== undefined && !args.has('SOURCE_DATE_EPOCH')) args.set('SOURCE_DATE_EPOCH', epoch);
  return args;
}

function ignorePaths(texts: readonly string[]): string[] {
  for (const text of texts)
    if (/^[./]*$/.test(text))
      throw new VarveError('USAGE', `--ignore-path ${text}: it is a path below the root`, { exitCode: 2 });
  return [...texts];
}

function noCacheStages({ cacheFilter, cache }: BuildFlags): string[] {
  if (cacheFilter.length && !cache) {
    throw new VarveError('USAGE', '--no-cache and --no-cache-filter cannot be used together', {
      hint: '--no-cache alone runs the steps of all stages',
      exitCode: 2,
    });
  }
  return cacheFilter.flatMap((text) => text.split(',')).map((name) => name.trim().toLowerCase());
}

function namedContexts(texts: readonly string[], buckets: BucketAccess): Map<string, NamedContext> {
  return new Map(
    texts.map((text) => {
      const equals = text.indexOf('=');
      if (equals < 1)
        throw new VarveError('USAGE', `--build-context ${text}: it is written NAME=SOURCE`, { exitCode: 2 });
      const name = text.slice(0, equals);
      if (/[A-Z]/.test(name.replace(/:[^/]*$/, '')))
        throw new VarveError('USAGE', `--build-context ${text}: the name must be lower-case`, { exitCode: 2 });
      const value = text.slice(equals + 1);
      return [namedContextKey(name), archiveAddress(value, buckets) ?? parseNamedContext(name, value)];
    }),
  );
}
