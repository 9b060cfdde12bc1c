import type { Dockerfile } from '../../dockerfile/ast.ts';
import { type FromScope, lintFrom } from '../../dockerfile/lint-from.ts';
import type { LintPlace, Report } from '../../dockerfile/linter.ts';
import { VarveError } from '../../errors.ts';
import { formatPlatform, type Platform } from '../../oci/platform.ts';

/** The rules about all FROM lines. `defaults` gives the global arguments as if there were no --build-arg. */
export function lintFroms(
  { directives, globals, stages }: Dockerfile,
  values: ReadonlyMap<string, string>,
  defaults: () => ReadonlyMap<string, string>,
  report: Report,
): void {
  const declared = globals.flatMap(({ args }) => args.map(({ key }) => key));
  const scope: FromScope = {
    escapeChar: directives.escape,
    values,
    defaults: defaultsOf(defaults),
    declared: [...new Set([...declared, ...values.keys()])],
  };
  for (const { from } of stages) lintFrom(from, scope, report);
}

/** A default that only --build-arg keeps from being expanded may be wrong; then there is nothing to say about it. */
function defaultsOf(defaults: () => ReadonlyMap<string, string>): FromScope['defaults'] {
  try {
    return defaults();
  } catch (error) {
    if (error instanceof VarveError) return undefined;
    throw error;
  }
}

/** Whether a base image is for the platform that it was asked for. */
export function lintBase(image: string, actual: Platform, expected: Platform, at: LintPlace, report: Report): void {
  if (actual.os === expected.os && actual.architecture === expected.architecture) return;
  const [is, should] = [formatPlatform(actual), formatPlatform(expected)];
  report(
    'InvalidBaseImagePlatform',
    `Base image ${image} was pulled with platform "${is}", expected "${should}" for current build`,
    at,
  );
}
