import type { DockerfileWarning, Stage, StageInstruction } from './ast.ts';

/** Names that mean something else in `--from` and FROM. */
const RESERVED: readonly string[] = ['context', 'scratch'];

/** Names of variables that hold secrets, and words that take the suspicion away, as BuildKit has them. */
const SECRET = /(?:^|_)(?:apikey|auth|credentials?|key|password|pword|passwd|secret|token)(?:_|$)/i;
const HARMLESS = /(?:^|_)(?:public|file|version)(?:_|$)/i;

/** Of several of these in a stage only the last counts. */
const ONLY_LAST: readonly StageInstruction['kind'][] = ['cmd', 'entrypoint', 'healthcheck'];

/**
 * Checks of stages that need no variables. Rules and names are BuildKit's:
 * https://docs.docker.com/reference/build-checks/
 */
export function lintStages(stages: readonly Stage[]): DockerfileWarning[] {
  const found: DockerfileWarning[] = [];
  const names = new Set<string>();
  for (const stage of stages) {
    found.push(...lintName(stage, names));
    const hasShell = stage.instructions.some(({ kind }) => kind === 'shell');
    const last = new Map(stage.instructions.map((instruction) => [instruction.kind, instruction]));
    for (const instruction of stage.instructions) {
      found.push(...lintInstruction(instruction, hasShell, last.get(instruction.kind) !== instruction));
    }
  }
  return found;
}

function lintName({ from, name }: Stage, names: Set<string>): DockerfileWarning[] {
  const found: DockerfileWarning[] = [];
  const report = (rule: string, message: string) => found.push({ rule, message, location: from.location });
  if (from.as !== undefined && name !== undefined) {
    if (from.as !== name) report('StageNameCasing', `Stage name '${from.as}' should be lowercase`);
    if (RESERVED.includes(name))
      report('ReservedStageName', `Stage name should not use the same name as reserved stage "${name}"`);
    if (names.has(name)) report('DuplicateStageName', `Duplicate stage name "${name}", stage names should be unique`);
    names.add(name);
  }
  if (/^\$\{?TARGETPLATFORM\}?$/.test(from.platform ?? '')) {
    report(
      'RedundantTargetPlatform',
      `Setting platform to predefined ${from.platform} in FROM is redundant as this is the default behavior`,
    );
  }
  return found;
}

function lintInstruction(instruction: StageInstruction, hasShell: boolean, isRepeated: boolean): DockerfileWarning[] {
  const { kind, location } = instruction;
  const name = kind.toUpperCase();
  const found: DockerfileWarning[] = [];
  const report = (rule: string, message: string) => found.push({ rule, message, location });
  if (kind === 'maintainer') {
    report('MaintainerDeprecated', 'Maintainer instruction is deprecated in favor of using label');
  }
  if (isRepeated && ONLY_LAST.includes(kind)) {
    report(
      'MultipleInstructionsDisallowed',
      `Multiple ${name} instructions should not be used in the same stage because only the last one will be used`,
    );
  }
  if ((kind === 'cmd' || kind === 'entrypoint') && instruction.command.form === 'shell' && !hasShell) {
    report(
      'JSONArgsRecommended',
      `JSON arguments recommended for ${name} to prevent unintended behavior related to OS signals`,
    );
  }
  const variables = kind === 'arg' ? instruction.args : kind === 'env' ? instruction.pairs : [];
  for (const { key } of variables) {
    if (!SECRET.test(key) || HARMLESS.test(key)) continue;
    report('SecretsUsedInArgOrEnv', `Do not use ARG or ENV instructions for sensitive data (${name} "${key}")`);
  }
  return found;
}
