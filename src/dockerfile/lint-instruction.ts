import type { AddInstruction, CopyInstruction, StageInstruction } from './ast.ts';
import { textToBytes } from './byte-text.ts';
import { cleanPath } from './clean-path.ts';
import { writtenName } from './lint-parsed.ts';
import type { LintPlace, Report } from './linter.ts';
import type { PatternMatcher } from './pattern-matcher.ts';
import { looksSecret } from './secret-name.ts';

/** Sources that are no path of the build context. */
const REMOTE = /^[a-z+]+:\/\/|^[\w-]+@[\w.-]+:/i;

/** What an instruction comes to where it stands. */
export interface LintFacts {
  /** `expandedWords` of it, expanded. */
  readonly words: readonly string[];
  /** Words of EXPOSE, expanded. */
  readonly ports: readonly string[];
  readonly hasShell: boolean;
  /** Whether a WORKDIR stands before it, in its stage or in those it is FROM. */
  readonly hasWorkdir: boolean;
  readonly ignores: PatternMatcher | undefined;
}

/** The rules about one instruction. */
export function lintInstruction(instruction: StageInstruction, facts: LintFacts, report: Report): void {
  const name = writtenName(instruction);
  switch (instruction.kind) {
    case 'arg':
      for (const { key } of instruction.args) lintSecret('ARG', key, instruction, report);
      return;
    case 'env':
      // Words are names and values in turn.
      for (const [i] of instruction.pairs.entries()) lintSecret('ENV', facts.words[2 * i]!, instruction, report);
      lintPairs(instruction.legacy, name, instruction, report);
      return;
    case 'label':
      lintPairs(instruction.legacy, name, instruction, report);
      return;
    case 'cmd':
    case 'entrypoint':
      if (instruction.command.form === 'exec' || facts.hasShell) return;
      report(
        'JSONArgsRecommended',
        `JSON arguments recommended for ${name} to prevent unintended behavior related to OS signals`,
        instruction,
      );
      return;
    case 'workdir': {
      const [path = ''] = facts.words;
      if (facts.hasWorkdir || path.startsWith('/')) return;
      const quoted = JSON.stringify(path);
      report(
        'WorkdirRelativePath',
        `Relative workdir ${quoted} can have unexpected results if the base image changes`,
        instruction,
      );
      return;
    }
    case 'expose':
      for (const port of facts.ports) lintPort(port, instruction, report);
      return;
    case 'copy':
    case 'add':
      lintIgnored(instruction, facts, report);
  }
}

function lintSecret(instruction: string, key: string, at: LintPlace, report: Report): void {
  if (!looksSecret(key)) return;
  const found = `${instruction} ${JSON.stringify(key)}`;
  report('SecretsUsedInArgOrEnv', `Do not use ARG or ENV instructions for sensitive data (${found})`, at);
}

function lintPairs(legacy: true | undefined, name: string, at: LintPlace, report: Report): void {
  if (!legacy) return;
  const message = `"${name} key=value" should be used instead of legacy "${name} key value" format`;
  report('LegacyKeyValueFormat', message, at);
}

function lintPort(port: string, at: LintPlace, report: Report): void {
  const slash = port.indexOf('/', port.lastIndexOf(':') + 1);
  const protocol = slash < 0 ? '' : port.slice(slash + 1);
  if (protocol !== protocol.toLowerCase())
    report('ExposeProtoCasing', `Defined protocol '${port}' in EXPOSE instruction should be lowercase`, at);
  if (!/[^:].*:/.test(port)) return;
  const message = `EXPOSE instruction should not define an IP address or host-port mapping, found '${port}'`;
  report('ExposeInvalidFormat', message, at);
}

function lintIgnored(instruction: CopyInstruction | AddInstruction, facts: LintFacts, report: Report): void {
  const { ignores } = facts;
  // With an exception the directory may be ignored and what is copied from it not: nobody can tell from the patterns.
  if (ignores === undefined || ignores.hasExceptions) return;
  if (instruction.kind === 'copy' && instruction.from !== undefined) return;
  const command = instruction.kind === 'copy' ? 'Copy' : 'Add';
  for (const word of facts.words.slice(0, instruction.sources.length)) {
    const path = cleanPath(word);
    if (REMOTE.test(word) || !ignores.matches(textToBytes(path))) continue;
    const message = `Attempting to ${command} file ${JSON.stringify(path)} that is excluded by .dockerignore`;
    report('CopyIgnoredFile', message, instruction);
  }
}
