import { findDirective } from './directives.ts';
import { didYouMean } from './suggest.ts';
import { located, syntaxError } from './syntax-error.ts';

/** What `# check=skip=A,B;error=true;experimental=C` says. */
export interface CheckOptions {
  readonly skip: 'all' | readonly string[];
  readonly experimental: 'all' | readonly string[];
  /** Whether a warning fails the build. */
  readonly error: boolean;
}

/** What a check directive may say. */
export const CHECK_KEYS = ['skip', 'experimental', 'error'];
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
        `invalid check option ${JSON.stringify(key)}${didYouMean(key, CHECK_KEYS)}`,
        undefined,
        `known are ${CHECK_KEYS.join(', ')}`,
      );
  }
  return options;
}

/** Whether a list of rules names this one. */
export function hasRule(rules: 'all' | readonly string[], rule: string): boolean {
  return rules === 'all' || rules.includes(rule);
}

/** The options of a build: those of the build argument, else those of the Dockerfile. @throws VarveError DOCKERFILE_SYNTAX */
export function checkOptionsOf(bytes: Uint8Array, file: string, override: string | undefined): CheckOptions {
  if (override !== undefined) return parseCheckOptions(override);
  const directive = findDirective(Buffer.from(bytes).toString('utf8'), 'check');
  if (directive === undefined) return DEFAULTS;
  const { line } = directive;
  return located({ file, start: line, end: line }, () => parseCheckOptions(directive.value));
}

/** The rules that comments `# check=skip=…` right above an instruction leave out there. */
export function skippedIn(comments: readonly string[]): 'all' | readonly string[] {
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
