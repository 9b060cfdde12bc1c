import type { DockerfileNode } from '../../../src/dockerfile/node.ts';

/** The s-expression that BuildKit's parser tests compare: `(copy ["--chown=1"] "a" "b")`. */
export function dumpNode(node: DockerfileNode): string {
  return `(${dumpInner(node)})`;
}

function dumpInner({ name, flags, args, child }: DockerfileNode): string {
  const flagList = flags.length > 0 ? [`[${flags.map(quote).join(' ')}]`] : [];
  const rest = child ? [`(${dumpInner(child)})`] : args.map(quote);
  return [name.toLowerCase(), ...flagList, ...rest].join(' ');
}

/** As Go's %q, which says \x00 where JSON says \u0000. */
function quote(text: string): string {
  return JSON.stringify(text).replaceAll('\\u00', '\\x');
}
