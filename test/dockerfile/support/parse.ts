import type { Dockerfile, FromInstruction, StageInstruction } from '../../../src/dockerfile/ast.ts';
import { parseDockerfile } from '../../../src/dockerfile/parse-dockerfile.ts';
import { VarveError } from '../../../src/errors.ts';

/** Parses a Dockerfile written in a test. */
export function parse(...lines: string[]): Dockerfile {
  return parseDockerfile(Buffer.from(lines.join('\n')), 'Dockerfile');
}

/** The first instruction of a stage that consists of these lines. */
export function first<K extends StageInstruction['kind']>(
  kind: K,
  ...lines: string[]
): Extract<StageInstruction, { kind: K }> {
  const instruction = parse('FROM scratch', ...lines).stages[0]?.instructions[0];
  if (instruction?.kind !== kind) throw new Error(`${instruction?.kind} instead of ${kind}`);
  return instruction as Extract<StageInstruction, { kind: K }>;
}

/** The FROM of a file that has only that. */
export function from(line: string): FromInstruction {
  const stage = parse(line).stages[0];
  if (stage === undefined) throw new Error('no stage');
  return stage.from;
}

/** The VarveError that `body` throws; anything else is thrown on. */
export function refusal(body: () => unknown): VarveError {
  try {
    body();
  } catch (error) {
    if (error instanceof VarveError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}
