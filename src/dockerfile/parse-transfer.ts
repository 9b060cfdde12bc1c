import type { AddInstruction, CopyInstruction, Heredoc } from './ast.ts';
import { chompHeredoc, parseHeredocMark } from './heredoc.ts';
import { type Flags, type FlagType, parseFlags } from './instruction-flags.ts';
import { INSTRUCTION_FLAGS } from './instruction-table.ts';
import type { DockerfileNode, NodeHeredoc } from './node.ts';
import { syntaxError } from './syntax-error.ts';

/** @throws VarveError DOCKERFILE_SYNTAX */
export function parseCopy(node: DockerfileNode): Omit<CopyInstruction, 'location' | 'original'> {
  const { flags, ...transfer } = parseTransfer(node, 'COPY', INSTRUCTION_FLAGS.copy);
  const from = flags.string('from');
  return { kind: 'copy', ...transfer, ...(from ? { from } : {}), parents: flags.bool('parents') ?? false };
}

/** @throws VarveError DOCKERFILE_SYNTAX */
export function parseAdd(node: DockerfileNode): Omit<AddInstruction, 'location' | 'original'> {
  const { flags, ...transfer } = parseTransfer(node, 'ADD', INSTRUCTION_FLAGS.add);
  const checksum = flags.string('checksum');
  const keepGitDir = flags.bool('keep-git-dir');
  const unpack = flags.bool('unpack');
  return {
    kind: 'add',
    ...transfer,
    ...(checksum ? { checksum } : {}),
    ...(keepGitDir === undefined ? {} : { keepGitDir }),
    ...(unpack === undefined ? {} : { unpack }),
  };
}

function parseTransfer(node: DockerfileNode, instruction: string, known: Readonly<Record<string, FlagType>>) {
  const dest = node.args.at(-1);
  if (dest === undefined || node.args.length < 2) {
    throw syntaxError(
      `${instruction} requires at least two arguments, but only one was provided. Destination could not be determined`,
      undefined,
      `write ${instruction} source... destination`,
    );
  }
  const flags = parseFlags(node.flags, known);
  return { ...splitSources(node, instruction, dest), dest, ...commonOf(flags), flags };
}

function commonOf(flags: Flags) {
  const chown = flags.string('chown');
  const chmod = flags.string('chmod');
  return {
    ...(chown ? { chown } : {}),
    ...(chmod ? { chmod } : {}),
    link: flags.bool('link') ?? false,
    exclude: flags.list('exclude'),
  };
}

function splitSources(node: DockerfileNode, instruction: string, dest: string) {
  const words = node.args.slice(0, -1);
  // In a JSON array `<<x` is a file's name. (BuildKit would make an empty file of it.)
  if (node.json) return { sources: words, heredocs: [] };
  if (parseHeredocMark(dest) !== undefined) {
    throw syntaxError(
      `${instruction} cannot accept a heredoc as a destination`,
      undefined,
      'the destination comes last',
    );
  }
  const bodies = [...node.heredocs];
  const sources: string[] = [];
  const heredocs: Heredoc[] = [];
  for (const word of words) {
    const mark = parseHeredocMark(word);
    const at = mark === undefined ? -1 : bodies.findIndex(({ name }) => name === mark.name);
    const [body] = at < 0 ? [] : bodies.splice(at, 1);
    if (body === undefined) sources.push(word);
    else heredocs.push(heredocOf(body));
  }
  return { sources, heredocs };
}

/** The heredoc as the syntax tree has it. */
export function heredocOf({ name, content, expand, chomp, fileDescriptor }: NodeHeredoc): Heredoc {
  return { name, content: chomp ? chompHeredoc(content) : content, expand, fileDescriptor };
}
