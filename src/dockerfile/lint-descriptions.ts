import type { DockerfileWarning, Instruction } from './ast.ts';

/**
 * BuildKit's one experimental rule: the comment above ARG and FROM describes the name that it begins with.
 * https://docs.docker.com/reference/build-checks/invalid-definition-description/
 */
export function lintDescriptions(instructions: readonly Instruction[]): DockerfileWarning[] {
  return instructions.flatMap((instruction) => {
    const names = namesOf(instruction);
    const word = instruction.comments?.at(-1)?.split(' ', 1)[0];
    if (names.length === 0 || word === undefined || names.includes(word)) return [];
    return [
      {
        rule: 'InvalidDefinitionDescription',
        message: 'Comment for build stage or argument should follow the format: `# <arg/stage name> <description>`',
        location: instruction.location,
      },
    ];
  });
}

function namesOf(instruction: Instruction): readonly string[] {
  if (instruction.kind === 'arg') return instruction.args.map(({ key }) => key);
  return instruction.kind === 'from' && instruction.as !== undefined ? [instruction.as.toLowerCase()] : [];
}
