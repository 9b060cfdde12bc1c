import { type SourceLocation, VarveError } from '../errors.ts';
import type { Dockerfile, DockerfileWarning, Instruction } from './ast.ts';
import { didYouMean } from './suggest.ts';
import { syntaxError } from './syntax-error.ts';

/** What `# check=skip=A,B;error=true;experimental=C` says. */
export interface CheckOptions {
  readonly skip: 'all' | readonly string[];
  readonly experimental: 'all' | readonly string[];
  /** Whether a warning fails the build. */
  readonly error: boolean;
}

const KEYS = ['skip', 'experimental', 'error'];
const DEFAULTS: CheckOptions = { skip: [], experimental: [], error: false };

/**
 * Reads the value of a check directive. https://docs.docker.com/reference/dockerfile/#check
 *
 * @throws VarveError DOCKERFILE_SYNTAX
 */
export function parseCheckOptions(text: string | undefined): CheckOptions {
  let options = DEFAULTS;
  for (const part of (text ?? '').split(';').filter((one) => one.trim() !== '')) {
    const equals = part.indexOf('=');
    const key = part.slice(0, equals < 0 ? undefined : equals).trim();
    const value = equals < 0 ? '' : part.slice(equals + 1).trim();
    if (key === 'error') options = { ...options, error: booleanOf(value) };
    else if (key === 'skip' || key === 'experimental') options = { ...options, [key]: rulesOf(value) };
    else
      throw syntaxError(
        `invalid check option ${JSON.stringify(key)}${didYouMean(key, KEYS)}`,
        undefined,
        `known are ${KEYS.join(', ')}`,
      );
  }
  return options;
}

/** Whether a list of rules names this one. */
export function hasRule(rules: 'all' | readonly string[], rule: string): boolean {
  return rules === 'all' || rules.includes(rule);
}

/** Leaves out what `skip=` says, for the file or in a comment `# check=skip=…` right above an instruction. */
export function unskipped(
  warnings: readonly DockerfileWarning[],
  options: CheckOptions,
  instructions: readonly Instruction[],
): DockerfileWarning[] {
  const skipAt = new Map(instructions.map((one) => [one.location.end, skipOf(one.comments ?? [])]));
  return warnings.filter(({ rule, location }) => {
    return !hasRule(options.skip, rule) && !hasRule(skipAt.get(location.end) ?? [], rule);
  });
}

/** @throws VarveError CHECK when the file says `check=error=true` and has warnings */
export function requireClean({ file, directives, warnings }: Dockerfile): void {
  const [first] = warnings;
  if (first === undefined || !parseCheckOptions(directives.check).error) return;
  const lines = warnings.map(({ rule, message, location }) => `line ${location.start}: ${rule}: ${message}`);
  const location: SourceLocation = { ...first.location, file };
  throw new VarveError('CHECK', `lint violation found:\n${lines.join('\n')}`, {
    hint: 'the Dockerfile asks for this with check=error=true; check=skip=Rule leaves a rule out',
    location,
  });
}

function skipOf(comments: readonly string[]): 'all' | readonly string[] {
  const found = comments.map((line) => /^check\s*=\s*skip=([\w,\s]+)$/i.exec(line)?.[1] ?? '');
  return rulesOf(found.filter((rules) => rules !== '').join(','));
}

function rulesOf(text: string): 'all' | readonly string[] {
  const rules = text.split(',').map((rule) => rule.trim());
  return rules.includes('all') ? 'all' : rules.filter((rule) => rule !== '');
}

function booleanOf(text: string): boolean {
  if (/^(?:1|t|true)$/i.test(text)) return true;
  if (/^(?:0|f|false)$/i.test(text)) return false;
  throw syntaxError(`failed to parse check option error: ${JSON.stringify(text)} is neither true nor false`);
}
