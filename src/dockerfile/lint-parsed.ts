import type { Instruction, Stage } from './ast.ts';
import type { LintPlace, Report } from './linter.ts';
import type { DockerfileNode, NodeWarning } from './node.ts';

/** Names that mean something else in `--from` and FROM. */
const RESERVED: readonly string[] = ['context', 'scratch'];

/** Empty lines in continued ones. */
export function lintLines(warnings: readonly NodeWarning[], file: string, report: Report): void {
  for (const { line } of warnings)
    report('NoEmptyContinuation', 'Empty continuation line', { location: { file, start: line, end: line } });
}

/** What one instruction's text alone tells; asked while the file is parsed, so that it is said even if the rest is wrong. */
export function lintParsed(node: DockerfileNode, instruction: Instruction, report: Report): void {
  if (instruction.kind === 'from') {
    lintFromCasing(node, instruction.as, instruction, report);
    if (instruction.as !== undefined) lintDescription('FROM', [instruction.as.toLowerCase()], instruction, report);
  }
  if (instruction.kind === 'arg') {
    const keys = instruction.args.map(({ key }) => key);
    lintDescription('ARG', keys, instruction, report);
  }
  if (instruction.kind === 'maintainer') {
    report('MaintainerDeprecated', 'Maintainer instruction is deprecated in favor of using label', instruction);
  }
}

function lintFromCasing({ name, args }: DockerfileNode, as: string | undefined, at: LintPlace, report: Report): void {
  const keyword = args[1];
  if (as === undefined || keyword === undefined) return;
  if (as !== as.toLowerCase()) report('StageNameCasing', `Stage name '${as}' should be lowercase`, at);
  // A FROM in mixed case is ConsistentInstructionCasing's.
  const isLower = name === name.toLowerCase();
  const wanted = isLower ? keyword.toLowerCase() : keyword.toUpperCase();
  if ((isLower || name === name.toUpperCase()) && keyword !== wanted)
    report('FromAsCasing', `'${keyword}' and '${name}' keywords' casing do not match`, at);
}

/** The comment above ARG and FROM describes the name that it begins with. */
function lintDescription(instruction: string, names: readonly string[], at: LintPlace, report: Report): void {
  const word = at.comments?.findLast((line) => !/^check\s*=/i.test(line))?.split(' ', 1)[0];
  if (word === undefined || names.includes(word)) return;
  const example = names.length === 1 ? names[0] : '<arg_key>';
  report(
    'InvalidDefinitionDescription',
    `Comment for ${instruction} should follow the format: \`# ${example} <description>\``,
    at,
  );
}

/** Names of stages that mean two things. */
export function lintStageNames(stages: readonly Stage[], report: Report): void {
  const seen = new Set<string>();
  for (const { name, from } of stages) {
    if (name === undefined) continue;
    if (RESERVED.includes(name))
      report('ReservedStageName', `Stage name should not use the same name as reserved stage "${name}"`, from);
    if (seen.has(name))
      report('DuplicateStageName', `Duplicate stage name "${name}", stage names should be unique`, from);
    seen.add(name);
  }
}

/** All instructions from the first FROM on in the case that most of them have. */
export function lintCasing(stages: readonly Stage[], report: Report): void {
  const instructions = stages.flatMap(({ from, instructions: others }) => [from, ...others]);
  const names = instructions.map(writtenName);
  const lower = names.filter((name) => name === name.toLowerCase()).length;
  const upper = names.filter((name) => name === name.toUpperCase()).length;
  const majority = lower > upper ? 'lowercase' : 'uppercase';
  for (const [i, name] of names.entries()) {
    if (name === (majority === 'lowercase' ? name.toLowerCase() : name.toUpperCase())) continue;
    report(
      'ConsistentInstructionCasing',
      `Command '${name}' should match the case of the command majority (${majority})`,
      instructions[i]!,
    );
  }
}

/** The instruction's name as the file has it. */
export function writtenName({ original }: { readonly original: string }): string {
  return /^\s*(\S*)/.exec(original)?.[1] ?? '';
}
