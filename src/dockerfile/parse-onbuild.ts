import type { OnbuildInstruction } from './ast.ts';
import { parseFlags } from './instruction-flags.ts';
import { INSTRUCTION_FLAGS } from './instruction-table.ts';
import type { DockerfileNode } from './node.ts';
import { syntaxError } from './syntax-error.ts';

/** What no trigger may be. */
const FORBIDDEN: readonly string[] = ['FROM', 'MAINTAINER'];

/** @throws VarveError DOCKERFILE_SYNTAX; whether the trigger itself means anything is not looked at */
export function parseOnbuild(node: DockerfileNode): Omit<OnbuildInstruction, 'location' | 'original'> {
  if (node.child === undefined) throw syntaxError('ONBUILD requires at least one argument');
  parseFlags(node.flags, INSTRUCTION_FLAGS.onbuild);
  requireTrigger(node.child.name);
  const text = node.original.replace(/^\s*ONBUILD\s*/i, '');
  return {
    kind: 'onbuild',
    trigger: node.heredocs.reduce((all, { content, name }) => `${all}\n${content}${name}`, text),
  };
}

/** @throws VarveError DOCKERFILE_SYNTAX when the instruction cannot be a trigger */
export function requireTrigger(name: string): void {
  const upper = name.toUpperCase();
  if (upper === 'ONBUILD') throw syntaxError("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed");
  if (FORBIDDEN.includes(upper)) throw syntaxError(`${upper} isn't allowed as an ONBUILD trigger`);
}
