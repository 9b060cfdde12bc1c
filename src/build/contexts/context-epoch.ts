import type { GitSources } from '../../context/git-source.ts';
import type { UrlFiles } from '../../context/url-files.ts';
import type { Dockerfile } from '../../dockerfile/ast.ts';
import { parseDockerfile } from '../../dockerfile/parse-dockerfile.ts';
import { VarveError } from '../../errors.ts';
import { parseChecksum } from '../../instructions/add-url.ts';
import { redactUrl } from '../../io/redact.ts';
import { sourceOfStage } from '../plan/epoch-stage.ts';
import { globalArguments } from '../plan/global-arguments.ts';
import type { PlanRequest } from '../plan/plan-request.ts';
import type { Services } from '../services.ts';
import type { Contexts } from './contexts.ts';
import { contextKey, type NamedContext } from './named-context.ts';
import { fileTime } from './open-contexts.ts';

const NAME = 'SOURCE_DATE_EPOCH';

/** Where times are to be had. */
export interface EpochSources {
  readonly contexts: Contexts;
  readonly git: GitSources;
  readonly urls: UrlFiles;
}

/**
 * The request with SOURCE_DATE_EPOCH as a number where --build-arg or a global ARG has it as `context`, the name of a named
 * context, or the name of a stage that is nothing but one remote ADD: the time of the commit, of Last-Modified, or of the
 * newest file of an archive. What has no time, a directory or an image, leaves it without a value.
 * @throws VarveError `DOCKERFILE_VALUE` for a stage that is more than that
 * @see moby/buildkit frontend/dockerfile/docs/reference.md
 */
export async function withEpoch<T extends PlanRequest>(
  request: T,
  sources: EpochSources,
  services: Services,
): Promise<T> {
  const { buildArgs, namedContexts } = request;
  const dockerfile = parsed(request);
  const given = buildArgs.get(NAME);
  const value = given ?? (dockerfile && globalArguments(dockerfile, buildArgs, new Map()).get(NAME)) ?? '';
  if (/^\d*$/.test(value)) return request;
  const time = await timeOf(value, { namedContexts, dockerfile, buildArgs }, sources, services);
  if (!time) return request;
  const seconds = time.seconds === undefined ? '' : String(time.seconds);
  if (given === undefined) return { ...request, globalEpoch: seconds };
  const args = new Map(buildArgs);
  if (seconds === '') args.delete(NAME);
  else args.set(NAME, seconds);
  return { ...request, buildArgs: args };
}

/** Undefined for one that is wrong: planning says so. */
function parsed({ dockerfile: { bytes, path }, buildArgs }: PlanRequest): Dockerfile | undefined {
  const syntax = buildArgs.get('BUILDKIT_SYNTAX');
  try {
    return parseDockerfile(bytes, path, syntax === undefined ? {} : { syntax });
  } catch (error) {
    if (error instanceof VarveError) return undefined;
    throw error;
  }
}

/** Undefined for a value that names nothing. */
async function timeOf(
  value: string,
  place: {
    readonly namedContexts: ReadonlyMap<string, NamedContext>;
    readonly dockerfile: Dockerfile | undefined;
    readonly buildArgs: ReadonlyMap<string, string>;
  },
  { contexts, git, urls }: EpochSources,
  services: Services,
): Promise<{ readonly seconds: number | undefined } | undefined> {
  if (value === 'context') return { seconds: await (await contexts.main()).epoch?.() };
  const key = contextKey(value);
  const kind = place.namedContexts.get(key)?.kind;
  if (kind === 'image' || kind === 'built' || kind === 'oci-layout') return { seconds: undefined };
  if (kind !== undefined) return { seconds: await (await contexts.named(key)).epoch?.() };
  const source = place.dockerfile && sourceOfStage(place.dockerfile, value, place.buildArgs);
  if (!source) return undefined;
  try {
    if (source.kind === 'git') return { seconds: await (await git.resolve(source.reference)).committed() };
    const { url, checksum } = source;
    const file = await urls.get(url, checksum === undefined ? undefined : parseChecksum(checksum));
    return { seconds: await fileTime(file, redactUrl(url), services) };
  } catch (error) {
    throw error instanceof VarveError ? error.at(source.location) : error;
  }
}
