import type { ArgInstruction, Dockerfile, FromInstruction, Stage, StageInstruction } from './ast.ts';
import { requireClean } from './check-options.ts';
import { detectSyntax, directivesOf, requireBuiltIn } from './directives.ts';
import { lintDockerfile } from './lint-dockerfile.ts';
import type { DockerfileNode } from './node.ts';
import { parseInstruction } from './parse-instruction.ts';
import { locationOf, parseNodes } from './parse-nodes.ts';
import { parseTrigger } from './parse-trigger.ts';
import { syntaxError } from './syntax-error.ts';

/**
 * Parses a Dockerfile as BuildKit does; nothing is expanded. https://docs.docker.com/reference/dockerfile/
 *
 * @param bytes the file as it is, UTF-8 with or without a BOM
 * @param file how errors and locations name it
 * @throws VarveError, always with a location: DOCKERFILE_SYNTAX, DOCKERFILE_FRONTEND (a `# syntax=` that is not
 *   docker/dockerfile), DURATION, SUBSTITUTION, CHECK (warnings under `# check=error=true`)
 */
export function parseDockerfile(bytes: Uint8Array, file: string): Dockerfile {
  const source = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  const syntax = detectSyntax(source);
  if (syntax !== undefined) requireBuiltIn(syntax, file);
  const list = parseNodes(bytes, file);
  const { globals, stages } = arrange(list.nodes, file);
  const directives = directivesOf(source, list.escape);
  const parsed = { file, directives, globals, stages, warnings: [] };
  const dockerfile = { ...parsed, warnings: lintDockerfile(parsed, list) };
  requireClean(dockerfile);
  return dockerfile;
}

interface OpenStage {
  readonly from: FromInstruction;
  readonly instructions: StageInstruction[];
}

function arrange(nodes: readonly DockerfileNode[], file: string): Pick<Dockerfile, 'globals' | 'stages'> {
  const globals: ArgInstruction[] = [];
  const open: OpenStage[] = [];
  for (const node of nodes) {
    const instruction = parseInstruction(node, file);
    if (instruction.kind === 'from') {
      open.push({ from: instruction, instructions: [] });
      continue;
    }
    if (instruction.kind === 'onbuild') parseTrigger(instruction.trigger, instruction.location);
    const stage = open.at(-1);
    if (stage !== undefined) stage.instructions.push(instruction);
    else if (instruction.kind === 'arg') globals.push(instruction);
    else throw noStage(node, file);
  }
  if (open.length === 0) {
    throw syntaxError('dockerfile contains no stages to build: there is no FROM', locationOf(nodes.at(-1)!, file));
  }
  return { globals, stages: open.map(named) };
}

function named(stage: OpenStage): Stage {
  const name = stage.from.as?.toLowerCase();
  return { ...stage, ...(name === undefined ? {} : { name }) };
}

function noStage(node: DockerfileNode, file: string) {
  return syntaxError(
    `no build stage in current context: ${node.name.toUpperCase()} stands before the first FROM`,
    locationOf(node, file),
    'only ARG, comments and directives may come before FROM',
  );
}
