import { parsePlatform, parsePlatformOn } from '../oci/platform.ts';
import { parseReference } from '../oci/reference.ts';
import type { FromInstruction } from './ast.ts';
import { createLexer, type Expanded } from './expand-word.ts';
import type { Report } from './linter.ts';
import { nearest } from './suggest.ts';

/** What FROM may name, and what it comes to. */
export interface FromScope {
  readonly escapeChar: string;
  /** Global arguments with their values in this build. */
  readonly values: ReadonlyMap<string, string>;
  /** The same as if nothing had been given with --build-arg; undefined when that cannot be said. */
  readonly defaults: ReadonlyMap<string, string> | undefined;
  /** Names of global arguments, those without a value too. */
  readonly declared: readonly string[];
}

/** The rules about the words of FROM. A word that cannot be expanded is the planner's to refuse. */
export function lintFrom(from: FromInstruction, scope: FromScope, report: Report): void {
  const lexer = createLexer(scope.escapeChar);
  const image = attempt(() => lexer.word(from.image, scope.values));
  if (image) lintDefault(from, scope, report);
  const platform = attempt(() => (from.platform ? lexer.word(from.platform, scope.values) : undefined));
  const names = [...new Set([image, platform].flatMap((word) => word?.unmatched ?? []))];
  for (const name of names.filter((one) => !scope.declared.includes(one))) {
    const option = nearest(name, scope.declared, 'exact case');
    const suggestion = option === undefined ? '' : ` (did you mean ${option}?)`;
    report('UndefinedArgInFrom', `FROM argument '${name}' is not declared${suggestion}`, from);
  }
  if (platform) lintPlatform(from, platform, scope, report);
}

/** Whether FROM still names an image when no --build-arg is given. */
function lintDefault(from: FromInstruction, { escapeChar, defaults }: FromScope, report: Report): void {
  const word = defaults && attempt(() => createLexer(escapeChar).word(from.image, defaults));
  if (word === undefined || word.matched.length + word.unmatched.length === 0) return;
  if (attempt(() => parseReference(word.value)) !== undefined) return;
  report(
    'InvalidDefaultArgInFrom',
    `Default value for ARG ${from.image} results in empty or invalid base image name`,
    from,
  );
}

function lintPlatform(from: FromInstruction, word: Expanded, { values }: FromScope, report: Report): void {
  const { matched, unmatched, value } = word;
  if (unmatched.length === 0 && matched.length === 1 && matched[0] === 'TARGETPLATFORM') {
    if (value !== values.get('TARGETPLATFORM')) return;
    report(
      'RedundantTargetPlatform',
      `Setting platform to predefined ${from.platform} in FROM is redundant as this is the default behavior`,
      from,
    );
  }
  if (matched.length + unmatched.length > 0) return;
  const platform = attempt(() => parsePlatformOn(parsePlatform(values.get('BUILDPLATFORM') ?? ''), value));
  if (platform === undefined) return;
  // A stage that says in its name what it is for may say so here too.
  const name = from.as?.toLowerCase() ?? '';
  if (name.includes(platform.os) || name.includes(platform.architecture)) return;
  report(
    'FromPlatformFlagConstDisallowed',
    `FROM --platform flag should not use constant value ${JSON.stringify(value)}`,
    from,
  );
}

function attempt<T>(body: () => T): T | undefined {
  try {
    return body();
  } catch {
    return undefined;
  }
}
