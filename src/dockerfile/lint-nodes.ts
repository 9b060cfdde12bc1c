import type { DockerfileWarning } from './ast.ts';
import type { DockerfileNode, NodeList } from './node.ts';
import { locationOf } from './parse-nodes.ts';

/**
 * Checks that need the text as it is written. Rules and names are BuildKit's:
 * https://docs.docker.com/reference/build-checks/
 */
export function lintNodes({ nodes, warnings }: NodeList, file: string): DockerfileWarning[] {
  const found: DockerfileWarning[] = warnings.map(({ message, line }) => ({
    rule: 'NoEmptyContinuation',
    message,
    location: { file, start: line, end: line },
  }));
  const upper = nodes.filter(({ name }) => name === name.toUpperCase()).length;
  const lower = nodes.filter(({ name }) => name === name.toLowerCase()).length;
  const majority = lower > upper ? 'lowercase' : 'uppercase';
  for (const node of nodes) {
    const report = (rule: string, message: string) => found.push({ rule, message, location: locationOf(node, file) });
    const casing = majority === 'uppercase' ? node.name.toUpperCase() : node.name.toLowerCase();
    if (node.name !== casing) {
      report(
        'ConsistentInstructionCasing',
        `Command '${node.name}' should match the case of the command majority (${majority})`,
      );
    }
    if (isLegacyPair(node)) {
      const name = node.name.toUpperCase();
      report('LegacyKeyValueFormat', `"${name} key=value" should be used instead of legacy "${name} key value" format`);
    }
    if (hasOddAs(node)) report('FromAsCasing', `'${node.args[1]}' and '${node.name}' keywords' casing do not match`);
  }
  return found;
}

function isLegacyPair({ name, args }: DockerfileNode): boolean {
  return /^(?:env|label)$/i.test(name) && args[2] === '';
}

/** `from x AS y` and `FROM x as y`. A name in mixed case is the other rule's. */
function hasOddAs({ name, args }: DockerfileNode): boolean {
  const as = args[1];
  if (!/^from$/i.test(name) || args.length !== 3 || as === undefined) return false;
  if (name === name.toUpperCase()) return as !== as.toUpperCase();
  return name === name.toLowerCase() && as !== as.toLowerCase();
}
