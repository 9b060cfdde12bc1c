import { type CheckResult, checkRequest } from '../build/check.ts';
import { createDispatcher, type ResolveBase } from '../build/dispatch-stage.ts';
import { loadIgnores } from '../build/ignore-rules.ts';
import { createImages } from '../build/images.ts';
import { createLocalImages } from '../build/local-images.ts';
import { outlineOf } from '../build/outline.ts';
import { planRequest } from '../build/plan-request.ts';
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
  const { bytes, path } = request.dockerfile;
  if (call.method === 'targets') {
    const dockerfile = parseDockerfile(bytes, path);
    return { text: targetsText(dockerfile), json: targetsJson(dockerfile, bytes), status: 0 };
  }
  await using services = await open();
  const resolve = baseResolver(services, request.pull, unknownBases);
  const ignores = await loadIgnores(request.context, path);
  if (call.method === 'check') {
    const result = await checkRequest(request, { platform: services.platform, resolve, ignores });
    return checkAnswer(result, request, call);
  }
  const { plans, linter } = planRequest(request, services.platform, () => {});
  // What a build takes is the same for each of its platforms.
  const plan = plans[0]!;
  const outline = await outlineOf(plan, createDispatcher(plan, resolve, { report: linter.report, ignores }));
  return { text: outlineText(outline), json: outlineJson(outline, bytes), status: 0 };
}

function checkAnswer(result: CheckResult, { dockerfile }: CheckedRequest, { ignoreStatus }: Call): Answer {
  const { bytes, path } = dockerfile;
  return {
    text: checkText(result, Buffer.from(bytes).toString('utf8')),
    json: checkJson(result, path, bytes),
    status: ignoreStatus || result.warnings.length === 0 ? 0 : 1,
    ...(result.error === undefined ? {} : { error: result.error }),
  };
}

function baseResolver(services: Services, pull: boolean, unknownBases: UnknownBases): ResolveBase {
  const images = createImages({ ...services, local: createLocalImages(services.store), pull });
  if (unknownBases === 'refuse') return images.resolve;
  return async (reference, platform, location) => {
    try {
      return await images.resolve(reference, platform, location);
    } catch (error) {
      if (!(error instanceof VarveError)) throw error;
      services.log.warn(`${error.message}: what ${reference} sets is not known, so no variable below it is reported`);
      return undefined;
    }
  };
}
