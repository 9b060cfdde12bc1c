import type { ArgInstruction, Dockerfile, FromInstruction, Stage, StageInstruction } from './ast.ts';
import { detectSyntax, directivesOf, requireBuiltIn } from './directives.ts';
import { lintNodes } from './lint-nodes.ts';
import { lintStages } from './lint-stages.ts';
import { parseInstruction } from './parse-instruction.ts';
import { parseNodes } from './parse-nodes.ts';
import { parseTrigger } from './parse-trigger.ts';
import { syntaxError } from './syntax-error.ts';

interface OpenStage {
  readonly from: FromInstruction;
  readonly instructions: StageInstruction[];
}

/**
 * Parses a Dockerfile as BuildKit does; nothing is expanded. https://docs.docker.com/reference/dockerfile/
 *
 * @param bytes the file as it is, UTF-8 with or without a BOM
 * @param file how errors and locations name it
 * @throws VarveError, always with a location: DOCKERFILE_SYNTAX, DOCKERFILE_FRONTEND (a `# syntax=` that is not
 *   docker/dockerfile), DURATION, SUBSTITUTION
 */
export function parseDockerfile(bytes: Uint8Array, file: string): Dockerfile {
  const source = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  const syntax = detectSyntax(source);
  if (syntax !== undefined) requireBuiltIn(syntax, file);
  const list = parseNodes(bytes, file);
  const globals: ArgInstruction[] = [];
  const open: OpenStage[] = [];
  for (const node of list.nodes) {
    const instruction = parseInstruction(node, file);
    if (instruction.kind === 'from') {
      open.push({ from: instruction, instructions: [] });
      continue;
    }
    if (instruction.kind === 'onbuild') parseTrigger(instruction.trigger, instruction.location);
    const stage = open.at(-1);
    if (stage !== undefined) stage.instructions.push(instruction);
    else if (instruction.kind === 'arg') globals.push(instruction);
    else throw noStage(node.name, instruction.location);
  }
  const last = list.nodes.at(-1)!;
  if (open.length === 0) {
    throw syntaxError('dockerfile contains no stages to build: there is no FROM', {
      file,
      start: last.start,
      end: last.end,
    });
  }
  const stages: Stage[] = open.map((stage) => {
    const name = stage.from.as?.toLowerCase();
    return { ...stage, ...(name === undefined ? {} : { name }) };
  });
  return {
    file,
    directives: directivesOf(source, list.escape),
    globals,
    stages,
    warnings: [...lintNodes(list, file), ...lintStages(stages)].sort((a, b) => a.location.start - b.location.start),
  };
}

function noStage(name: string, location: StageInstruction['location']) {
  return syntaxError(
    `no build stage in current context: ${name.toUpperCase()} stands before the first FROM`,
    location,
    'only ARG, comments and directives may come before FROM',
  );
}
