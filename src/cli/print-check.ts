import type { CheckResult } from '../build/plan/check.ts';
import { LINT_RULES, type LintRuleText } from '../dockerfile/lint-rules.ts';
import { jsonLocation, jsonSource } from './call-json.ts';
import { sourceExcerpt } from './source-excerpt.ts';

/** A check's warnings as buildx prints them. An error is not among them: it is told where errors are. */
export function checkText({ warnings, error }: CheckResult, source: string): string {
  if (warnings.length === 0) return error ? '' : 'Check complete, no warnings found.\n';
  const count = warnings.length === 1 ? '1 warning has been found!' : `${warnings.length} warnings have been found!`;
  const each = warnings.map(({ rule, message, location }) => {
    const { url }: LintRuleText = LINT_RULES[rule];
    return `\nWARNING: ${rule}${url === undefined ? '' : ` - ${url}`}\n${message}\n${sourceExcerpt(source, location)}`;
  });
  return `Check complete, ${count}\n${each.join('')}`;
}

/** The same as BuildKit's frontend.lint answers. */
export function checkJson({ warnings, error }: CheckResult, file: string, source: Uint8Array): object {
  return {
    warnings: warnings.map(({ rule, message, location }) => {
      const { description, url }: LintRuleText = LINT_RULES[rule];
      return {
        ruleName: rule,
        description,
        ...(url === undefined ? {} : { url }),
        detail: message,
        location: jsonLocation(location),
      };
    }),
    sources: [{ filename: file, language: 'Dockerfile', data: jsonSource(source) }],
    ...(error === undefined
      ? {}
      : {
          buildError: {
            message: error.message,
            location: error.location === undefined ? {} : jsonLocation(error.location),
          },
        }),
  };
}
