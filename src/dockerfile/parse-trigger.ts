import { type SourceLocation, VarveError } from '../errors.ts';
import type { StageInstruction } from './ast.ts';
import { parseInstruction } from './parse-instruction.ts';
import { parseNodes } from './parse-nodes.ts';
import { requireTrigger } from './parse-onbuild.ts';
import { syntaxError } from './syntax-error.ts';

/**
 * Parses one entry of a config's OnBuild. The escape character is a backslash there, whatever the Dockerfile had.
 *
 * @param location of what runs the trigger: the FROM, or the ONBUILD itself; the instruction and all errors carry it
 * @throws VarveError DOCKERFILE_SYNTAX, DURATION or SUBSTITUTION
 */
export function parseTrigger(text: string, location: SourceLocation): StageInstruction {
  try {
    const { nodes } = parseNodes(Buffer.from(text, 'utf8'), location.file);
    const [node] = nodes;
    if (node === undefined || nodes.length !== 1)
      throw syntaxError('an ONBUILD trigger should be a single instruction');
    requireTrigger(node.name);
    const instruction = parseInstruction({ ...node, start: location.start, end: location.end }, location.file);
    if (instruction.kind === 'from') throw syntaxError("FROM isn't allowed as an ONBUILD trigger");
    return instruction;
  } catch (error) {
    if (!(error instanceof VarveError)) throw error;
    throw new VarveError(error.code, `ONBUILD trigger ${JSON.stringify(text)}: ${error.message}`, {
      ...(error.hint === undefined ? {} : { hint: error.hint }),
      location,
    });
  }
}
