import { withEpoch } from '../build/contexts/context-epoch.ts';
import { builtOf, contextIgnores, layoutsOf, openSources } from '../build/contexts/open-sources.ts';
import { createImages } from '../build/images/images.ts';
import { createLocalImages } from '../build/images/local-images.ts';
import { type CheckResult, checkRequest } from '../build/plan/check.ts';
import { createDispatcher, type ResolveBase } from '../build/plan/dispatch-stage.ts';
import { type LoadedDockerfile, loadDockerfile } from '../build/plan/load-dockerfile.ts';
import { outlineOf } from '../build/plan/outline.ts';
import { type PlanRequest, planRequest } from '../build/plan/plan-request.ts';
import { withSource } from '../build/plan/with-source.ts';
import type { Services } from '../build/services.ts';
import { parseDockerfile } from '../dockerfile/parse-dockerfile.ts';
import { VarveError } from '../errors.ts';
import type { CheckedRequest } from './build-request.ts';
import type { Call } from './parse-call.ts';
import { checkJson, checkText } from './print-check.ts';
import { outlineJson, outlineText } from './print-outline.ts';
import { targetsJson, targetsText } from './print-targets.ts';

/** What a call prints, and how it ends. */
export interface Answer {
  readonly text: string;
  readonly json: object;
  /** 1 when a check found something. */
  readonly status: number;
  /** What would end a build. */
  readonly error?: VarveError;
}

/** What is done about a base image that cannot be resolved: an error as in a build, or a warning and no base. */
export type UnknownBases = 'refuse' | 'allow';

/**
 * Answers a --call about a request; nothing is built.
 * @param open makes the services, for the calls that need base images
 * @throws VarveError with the line of what is wrong, but for `check`, whose answer has it
 */
export async function answerCall(
  call: Call,
  request: CheckedRequest,
  open: () => Promise<Services & AsyncDisposable>,
  unknownBases: UnknownBases = 'refuse',
): Promise<Answer> {
  if (call.method === 'targets' && request.dockerfile.kind === 'given') return targetsAnswer(request.dockerfile);
  await using services = await open();
  await using sources = openSources(request, services);
  const dockerfile = await loadDockerfile(request.dockerfile, sources, services);
  if (call.method === 'targets') return targetsAnswer(dockerfile);
  const resolve = baseResolver(services, request, unknownBases);
  const ignores = await contextIgnores(request);
  const given = { ...request, dockerfile };
  const prepare = (asked: PlanRequest) => withEpoch(asked, sources, services);
  if (call.method === 'check') {
    const result = await checkRequest(given, { platform: services.platform, resolve, ignores, prepare });
    return checkAnswer(result, dockerfile, call);
  }
  const { plans, linter } = planRequest(await prepare(given), services.platform, () => {});
  // What a build takes is the same for each of its platforms.
  const plan = plans[0]!;
  const dispatcher = createDispatcher(plan, resolve, { report: linter.report, ignores });
  const outline = await outlineOf(plan, dispatcher).catch((error: unknown) => {
    throw withSource(error, dockerfile);
  });
  return { text: outlineText(outline), json: outlineJson(outline, dockerfile.bytes), status: 0 };
}

function targetsAnswer(loaded: LoadedDockerfile): Answer {
  const { bytes, path } = loaded;
  try {
    const dockerfile = parseDockerfile(bytes, path);
    return { text: targetsText(dockerfile), json: targetsJson(dockerfile, bytes), status: 0 };
  } catch (error) {
    throw withSource(error, loaded);
  }
}

function checkAnswer(result: CheckResult, { bytes, path }: LoadedDockerfile, { ignoreStatus }: Call): Answer {
  return {
    text: checkText(result, Buffer.from(bytes).toString('utf8')),
    json: checkJson(result, path, bytes),
    status: ignoreStatus || result.warnings.length === 0 ? 0 : 1,
    ...(result.error === undefined ? {} : { error: result.error }),
  };
}

function baseResolver(services: Services, request: CheckedRequest, unknownBases: UnknownBases): ResolveBase {
  const { pull } = request;
  const local = createLocalImages(services.store);
  const built = builtOf(request);
  const images = createImages({ ...services, local, pull, layouts: layoutsOf(request), built });
  if (unknownBases === 'refuse') return images.resolve;
  return async (reference, platform, location) => {
    // Another target's image, which nothing has built: no registry is asked for it.
    if (built.get(reference)?.length === 0) return undefined;
    try {
      return await images.resolve(reference, platform, location);
    } catch (error) {
      if (!(error instanceof VarveError)) throw error;
      services.log.warn(`${error.message}: what ${reference} sets is not known, so no variable below it is reported`);
      return undefined;
    }
  };
}
