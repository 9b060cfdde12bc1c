import { blankName, docOf, someArguments } from './arguments.ts';
import type { ArgInstruction, FromInstruction } from './ast.ts';
import { parseFlags } from './instruction-flags.ts';
import { INSTRUCTION_FLAGS } from './instruction-table.ts';
import type { DockerfileNode } from './node.ts';
import { syntaxError } from './syntax-error.ts';

const STAGE_NAME = /^[a-z][a-z0-9-_.]*$/;

/** @throws VarveError DOCKERFILE_SYNTAX */
export function parseFrom(node: DockerfileNode): Omit<FromInstruction, 'location' | 'original'> {
  const [image, keyword, as] = node.args;
  const isNamed = node.args.length === 3 && keyword?.toLowerCase() === 'as';
  if (image === undefined || (node.args.length !== 1 && !isNamed)) {
    throw syntaxError(
      'FROM requires either one or three arguments',
      undefined,
      'write FROM image or FROM image AS name',
    );
  }
  if (as !== undefined && !STAGE_NAME.test(as.toLowerCase())) {
    throw syntaxError(
      `invalid name for build stage: ${JSON.stringify(as)}, name can't start with a number or contain symbols`,
      undefined,
      'a name is a letter, then letters, digits, - _ and .',
    );
  }
  const platform = parseFlags(node.flags, INSTRUCTION_FLAGS.from).string('platform');
  const doc = as === undefined ? undefined : docOf(node, as.toLowerCase());
  return {
    kind: 'from',
    image,
    ...(platform ? { platform } : {}),
    ...(as === undefined ? {} : { as }),
    ...(doc === undefined ? {} : { doc }),
  };
}

/** @throws VarveError DOCKERFILE_SYNTAX */
export function parseArg(node: DockerfileNode): Omit<ArgInstruction, 'location' | 'original'> {
  const words = someArguments(node, 'ARG');
  parseFlags(node.flags, INSTRUCTION_FLAGS.arg);
  return { kind: 'arg', args: words.map((word) => argOf(node, word)) };
}

function argOf(node: DockerfileNode, word: string): ArgInstruction['args'][number] {
  const equals = word.indexOf('=');
  if (equals === 0) throw blankName('ARG');
  const key = equals < 0 ? word : word.slice(0, equals);
  const doc = docOf(node, key);
  return { key, ...(equals < 0 ? {} : { value: word.slice(equals + 1) }), ...(doc === undefined ? {} : { doc }) };
}
