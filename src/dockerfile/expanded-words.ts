import type { StageInstruction } from './ast.ts';

/**
 * The words of an instruction that are expanded to one word each, as they are written. ARG is not here (its arguments see
 * one another), EXPOSE is not (its words may become several), and in heredocs other rules hold.
 * https://docs.docker.com/reference/dockerfile/#environment-replacement
 */
export function expandedWords(instruction: StageInstruction): readonly string[] {
  switch (instruction.kind) {
    case 'env':
    case 'label':
      return instruction.pairs.flatMap(({ key, value }) => [key, value]);
    case 'add':
    case 'copy': {
      const { sources, dest, chown, chmod } = instruction;
      const checksum = instruction.kind === 'add' ? instruction.checksum : undefined;
      return [...sources, dest, chown, chmod, checksum].filter((word) => word !== undefined);
    }
    case 'run':
      return instruction.mounts;
    case 'user':
      return [instruction.user];
    case 'volume':
      return instruction.paths;
    case 'workdir':
      return [instruction.path];
    case 'stopsignal':
      return [instruction.signal];
    default:
      return [];
  }
}
