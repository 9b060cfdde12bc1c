import type { LintWarning } from '../../dockerfile/linter.ts';
import type { PatternMatcher } from '../../dockerfile/pattern-matcher.ts';
import { VarveError } from '../../errors.ts';
import type { Platform } from '../../oci/platform.ts';
import { createDispatcher, type ResolveBase } from './dispatch-stage.ts';
import { type PlanRequest, planRequest } from './plan-request.ts';
import { reachableStages } from './reachable-stages.ts';
import { withSource } from './with-source.ts';

/** What a check found: the broken rules by line, and the error that would end a build, if there is one. */
export interface CheckResult {
  readonly warnings: readonly LintWarning[];
  readonly error?: VarveError;
}

/**
 * Finds what a build would warn of or fail at before its first step. Without a target that is about every stage, as in
 * BuildKit: also those that the last one does not need.
 *
 * @param deps the machine's platform, base images, and the patterns of the build context's ignore file
 */
export async function checkRequest(
  request: PlanRequest,
  deps: {
    readonly platform: Platform;
    readonly resolve: ResolveBase;
    readonly ignores: PatternMatcher | undefined;
    /** What a build does to its request before it plans. */
    readonly prepare?: (request: PlanRequest) => Promise<PlanRequest>;
  },
): Promise<CheckResult> {
  const found: LintWarning[] = [];
  try {
    const { plans, linter } = planRequest((await deps.prepare?.(request)) ?? request, deps.platform, (warning) =>
      found.push(warning),
    );
    for (const plan of plans) {
      const dispatcher = createDispatcher(plan, deps.resolve, { report: linter.report, ignores: deps.ignores });
      if (request.target) await reachableStages(dispatcher, plan.target.index);
      else for (const { index } of plan.stages) await dispatcher.stage(index);
    }
    linter.requireClean();
    return { warnings: byLine(found) };
  } catch (error) {
    const told = withSource(error, request.dockerfile);
    if (!(told instanceof VarveError)) throw told;
    return { warnings: byLine(found), error: told };
  }
}

function byLine(found: readonly LintWarning[]): LintWarning[] {
  return found.toSorted((a, b) => a.location.start - b.location.start);
}
