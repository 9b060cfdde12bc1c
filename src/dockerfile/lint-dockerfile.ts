import type { Dockerfile, DockerfileWarning, Instruction } from './ast.ts';
import { hasRule, parseCheckOptions, unskipped } from './check-options.ts';
import { lintDescriptions } from './lint-descriptions.ts';
import { lintNodes } from './lint-nodes.ts';
import { lintStages } from './lint-stages.ts';
import type { NodeList } from './node.ts';
import { located } from './syntax-error.ts';

/**
 * BuildKit's checks that need neither variables nor the base images, in the order of the file, without those that the
 * file itself wants skipped. https://docs.docker.com/reference/build-checks/
 *
 * @throws VarveError DOCKERFILE_SYNTAX when the check directive cannot be read
 */
export function lintDockerfile(dockerfile: Dockerfile, list: NodeList): DockerfileWarning[] {
  const { file, stages, globals, directives } = dockerfile;
  const options = located({ file, start: 1, end: 1 }, () => parseCheckOptions(directives.check));
  const instructions: Instruction[] = [...globals, ...stages.flatMap((stage) => [stage.from, ...stage.instructions])];
  const experimental = hasRule(options.experimental, 'InvalidDefinitionDescription');
  const warnings = [
    ...lintNodes(list, file),
    ...lintStages(stages),
    ...(experimental ? lintDescriptions(instructions) : []),
  ];
  return unskipped(warnings, options, instructions).sort((a, b) => a.location.start - b.location.start);
}
