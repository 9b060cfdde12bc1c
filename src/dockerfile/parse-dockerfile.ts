import type { ArgInstruction, Dockerfile, FromInstruction, Stage, StageInstruction } from './ast.ts';
import { detectSyntax, directivesOf, requireBuiltIn } from './directives.ts';
import { lintCasing, lintLines, lintParsed, lintStageNames } from './lint-parsed.ts';
import type { Report } from './linter.ts';
import type { DockerfileNode } from './node.ts';
import { parseInstruction } from './parse-instruction.ts';
import { locationOf, parseNodes } from './parse-nodes.ts';
import { parseTrigger } from './parse-trigger.ts';
import { syntaxError } from './syntax-error.ts';

export interface ParseOptions {
  /** Told what the rules find that need no more than the text, also when the file is refused in the end. */
  readonly report?: Report;
  /** BUILDKIT_SYNTAX: a frontend that counts instead of the file's `# syntax=`. */
  readonly syntax?: string;
}

/**
 * Parses a Dockerfile as BuildKit does; nothing is expanded. https://docs.docker.com/reference/dockerfile/
 *
 * @param bytes the file as it is, UTF-8 with or without a BOM
 * @param file how errors and locations name it
 * @throws VarveError, always with a location: DOCKERFILE_SYNTAX, DOCKERFILE_FRONTEND (a `# syntax=` that is not
 *   docker/dockerfile), DURATION, SUBSTITUTION
 */
export function parseDockerfile(bytes: Uint8Array, file: string, options: ParseOptions = {}): Dockerfile {
  const { report = () => {}, syntax: override } = options;
  const source = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  const syntax = override === undefined ? detectSyntax(source) : { name: 'syntax' as const, value: override, line: 0 };
  if (syntax !== undefined) requireBuiltIn(syntax, file);
  const list = parseNodes(bytes, file);
  lintLines(list.warnings, file, report);
  const { globals, stages } = arrange(list.nodes, file, report);
  lintStageNames(stages, report);
  lintCasing(stages, report);
  return { file, directives: directivesOf(source, list.escape), globals, stages };
}

interface OpenStage {
  readonly from: FromInstruction;
  readonly instructions: StageInstruction[];
}

function arrange(
  nodes: readonly DockerfileNode[],
  file: string,
  report: Report,
): Pick<Dockerfile, 'globals' | 'stages'> {
  const globals: ArgInstruction[] = [];
  const open: OpenStage[] = [];
  for (const node of nodes) {
    const instruction = parseInstruction(node, file);
    lintParsed(node, instruction, report);
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
