import type { Instruction } from './ast.ts';
import { INSTRUCTION_KINDS } from './instruction-table.ts';
import type { DockerfileNode } from './node.ts';
import { parseCmd, parseEntrypoint, parseRun, parseShell } from './parse-command.ts';
import { parseArg, parseFrom } from './parse-from.ts';
import { parseHealthcheck } from './parse-healthcheck.ts';
import { locationOf } from './parse-nodes.ts';
import { parseOnbuild } from './parse-onbuild.ts';
import { parseSetting } from './parse-setting.ts';
import { parseAdd, parseCopy } from './parse-transfer.ts';
import { didYouMean } from './suggest.ts';
import { located, syntaxError } from './syntax-error.ts';

type Kind = Instruction['kind'];
type Parsed = Instruction extends infer T ? (T extends unknown ? Omit<T, 'location' | 'original'> : never) : never;

/**
 * The meaning of one node.
 *
 * @throws VarveError DOCKERFILE_SYNTAX or DURATION, with the node's location
 */
export function parseInstruction(node: DockerfileNode, file: string): Instruction {
  const location = locationOf(node, file);
  return located(location, () => {
    const kind = INSTRUCTION_KINDS.find((known) => known === node.name.toLowerCase());
    if (kind === undefined) throw unknownInstruction(node.name);
    const comments = node.comments.length === 0 ? {} : { comments: node.comments };
    return { ...parse(kind, node), location, original: node.original, ...comments } as Instruction;
  });
}

function parse(kind: Kind, node: DockerfileNode): Parsed {
  switch (kind) {
    case 'from':
      return parseFrom(node);
    case 'arg':
      return parseArg(node);
    case 'run':
      return parseRun(node);
    case 'cmd':
      return parseCmd(node);
    case 'entrypoint':
      return parseEntrypoint(node);
    case 'shell':
      return parseShell(node);
    case 'copy':
      return parseCopy(node);
    case 'add':
      return parseAdd(node);
    case 'healthcheck':
      return parseHealthcheck(node);
    case 'onbuild':
      return parseOnbuild(node);
    default:
      return parseSetting(kind, node);
  }
}

function unknownInstruction(name: string) {
  const known = INSTRUCTION_KINDS.map((kind) => kind.toUpperCase());
  const hint = name.startsWith('{') ? 'this looks like JSON, not like a Dockerfile' : `known are ${known.join(' ')}`;
  return syntaxError(`unknown instruction: ${name}${didYouMean(name, known)}`, undefined, hint);
}
