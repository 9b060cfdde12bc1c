import type { VarveError } from '../errors.ts';
import type { CommandLine, KeyValue } from './ast.ts';
import type { DockerfileNode } from './node.ts';
import { syntaxError } from './syntax-error.ts';

/** @throws VarveError DOCKERFILE_SYNTAX unless there is exactly one argument */
export function onlyArgument(node: DockerfileNode, instruction: string): string {
  const [arg] = node.args;
  if (arg === undefined || node.args.length !== 1) throw syntaxError(`${instruction} requires exactly one argument`);
  return arg;
}

/** @throws VarveError DOCKERFILE_SYNTAX when there is none */
export function someArguments(node: DockerfileNode, instruction: string): readonly string[] {
  if (node.args.length === 0) throw syntaxError(`${instruction} requires at least one argument`);
  return node.args;
}

/** The pairs of ENV and LABEL. @throws VarveError DOCKERFILE_SYNTAX */
export function pairsOf(node: DockerfileNode, instruction: string): KeyValue[] {
  const args = someArguments(node, instruction);
  if (args.length % 3 !== 0) throw syntaxError(`Bad input to ${instruction}, too many arguments`);
  const pairs: KeyValue[] = [];
  for (let i = 0; i < args.length; i += 3) {
    const key = args[i]!;
    if (key === '') throw blankName(instruction);
    pairs.push({ key, value: args[i + 1]! });
  }
  return pairs;
}

/** The command of RUN, CMD and ENTRYPOINT; words of the shell form are one string. */
export function commandOf(args: readonly string[], json: boolean): CommandLine {
  return json ? { form: 'exec', argv: args } : { form: 'shell', script: args.join(' ') };
}

/** A name before `=` that is empty. */
export function blankName(instruction: string): VarveError {
  return syntaxError(`${instruction} names can not be blank`);
}

/** The rest of a comment `# name …` above an instruction, or undefined. */
export function docOf(node: DockerfileNode, name: string): string | undefined {
  const start = `${name} `;
  return name === '' ? undefined : node.comments.find((line) => line.startsWith(start))?.slice(start.length);
}
