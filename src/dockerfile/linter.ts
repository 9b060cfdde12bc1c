import { type SourceLocation, VarveError } from '../errors.ts';
import { type CheckOptions, hasRule, skippedIn } from './check-options.ts';
import { LINT_RULES, type LintRule, type LintRuleText } from './lint-rules.ts';

/** Where a rule was broken: an instruction, or anything else with a place. */
export interface LintPlace {
  readonly location: SourceLocation;
  /** Comment lines right above, in which `check=skip=…` may stand. */
  readonly comments?: readonly string[];
}

/** Takes what the rules find, as they find it. */
export type Report = (rule: LintRule, message: string, at: LintPlace) => void;

export interface LintWarning {
  readonly rule: LintRule;
  readonly message: string;
  readonly location: SourceLocation;
}

/** Keeps what the rules find, each finding once, without what the Dockerfile wants skipped. */
export interface Linter {
  readonly report: Report;
  /** By line, then in the order in which they were found. */
  warnings(): readonly LintWarning[];
  /** @throws VarveError CHECK when there are warnings and the options say `error=true` */
  requireClean(): void;
}

/** @param found is told each warning once, at once */
export function createLinter(options: CheckOptions, found: (warning: LintWarning) => void = () => {}): Linter {
  const warnings = new Map<string, LintWarning>();
  const sorted = () => [...warnings.values()].sort((a, b) => a.location.start - b.location.start);
  return {
    report(rule, message, { location, comments = [] }) {
      const key = `${rule} ${location.start} ${message}`;
      if (!isOn(rule, options) || hasRule(skippedIn(comments), rule) || warnings.has(key)) return;
      const warning = { rule, message, location };
      warnings.set(key, warning);
      found(warning);
    },
    warnings: sorted,
    requireClean() {
      const [first] = sorted();
      if (first === undefined || !options.error) return;
      const rules = [...new Set(sorted().map(({ rule }) => rule))].sort();
      throw new VarveError('CHECK', `lint violation found for rules: ${rules.join(', ')}`, {
        hint: 'the check option error=true asks for this; skip=RULE leaves a rule out',
        location: first.location,
      });
    },
  };
}

/** A rule that is not experimental is on unless it is skipped; an experimental one only when it is asked for. */
function isOn(rule: LintRule, { skip, experimental }: CheckOptions): boolean {
  const { experimental: isExperimental }: LintRuleText = LINT_RULES[rule];
  return isExperimental ? hasRule(experimental, rule) : !hasRule(skip, rule);
}

/** `Rule: what is wrong (line 3)`, as BuildKit shows a warning in a build. */
export function formatWarning({ rule, message, location }: LintWarning): string {
  return `${rule}: ${message} (line ${location.start})`;
}
