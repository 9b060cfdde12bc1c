import { checkOptionsOf } from '../../dockerfile/check-options.ts';
import { createLinter, type Linter, type LintWarning } from '../../dockerfile/linter.ts';
import { parseDockerfile } from '../../dockerfile/parse-dockerfile.ts';
import { DEFAULT_RUN_SETTINGS, type RunSettings } from '../../instructions/run-settings.ts';
import type { Platform } from '../../oci/platform.ts';
import type { NamedContext } from '../contexts/named-context.ts';
import { type WantedPlatforms, wantedPlatforms } from '../platform/platforms.ts';
import type { LoadedDockerfile } from './load-dockerfile.ts';
import { type Plan, planBuild } from './plan.ts';
import { withSource } from './with-source.ts';

/** What of a request decides its plan. */
export interface PlanRequest {
  /** The Dockerfile's bytes, and its path as errors and its ignore file name it. */
  readonly dockerfile: LoadedDockerfile;
  readonly target?: string;
  /** None means this machine's, or that of a base image that has no other. */
  readonly platforms: readonly Platform[];
  readonly buildArgs: ReadonlyMap<string, string>;
  /** What a global ARG's SOURCE_DATE_EPOCH came to, when it named something that has a time (context-epoch.ts). */
  readonly globalEpoch?: string;
  /** By contextKey(). */
  readonly namedContexts: ReadonlyMap<string, NamedContext>;
  /** What RUN is given and allowed; nothing out of the ordinary when undefined. */
  readonly run?: RunSettings;
}

/**
 * Parses a request's Dockerfile and plans its build, once for each platform. Nothing is read or asked for.
 *
 * @param buildPlatform where varve runs
 * @param found is told each broken rule at once, also when the Dockerfile is refused in the end
 * @throws VarveError with the line of what is wrong
 */
export function planRequest(
  request: PlanRequest,
  buildPlatform: Platform,
  found: (warning: LintWarning) => void,
): WantedPlatforms & { readonly plans: readonly Plan[]; readonly linter: Linter } {
  try {
    return plan(request, buildPlatform, found);
  } catch (error) {
    throw withSource(error, request.dockerfile);
  }
}

function plan(
  request: PlanRequest,
  buildPlatform: Platform,
  found: (warning: LintWarning) => void,
): ReturnType<typeof planRequest> {
  const wanted = wantedPlatforms(request.platforms, buildPlatform, request.buildArgs);
  const { bytes, path } = request.dockerfile;
  const linter = createLinter(checkOptionsOf(bytes, path, request.buildArgs.get('BUILDKIT_DOCKERFILE_CHECK')), found);
  const { report } = linter;
  const syntax = request.buildArgs.get('BUILDKIT_SYNTAX');
  const dockerfile = parseDockerfile(bytes, path, { report, ...(syntax === undefined ? {} : { syntax }) });
  const plans = wanted.platforms.map((platform) =>
    planBuild(dockerfile, {
      ...(request.target === undefined ? {} : { target: request.target }),
      ...(request.globalEpoch === undefined ? {} : { globalEpoch: request.globalEpoch }),
      platform,
      buildPlatform,
      buildArgs: request.buildArgs,
      named: request.namedContexts,
      run: request.run ?? DEFAULT_RUN_SETTINGS,
      several: wanted.platforms.length > 1,
      report,
    }),
  );
  return { ...wanted, plans, linter };
}
