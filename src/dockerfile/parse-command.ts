import { commandOf, someArguments } from './arguments.ts';
import type { CmdInstruction, EntrypointInstruction, RunInstruction, ShellInstruction } from './ast.ts';
import { parseFlags } from './instruction-flags.ts';
import { INSTRUCTION_FLAGS } from './instruction-table.ts';
import type { DockerfileNode } from './node.ts';
import { parseDevice } from './parse-device.ts';
import { heredocOf } from './parse-transfer.ts';
import { didYouMean } from './suggest.ts';
import { syntaxError } from './syntax-error.ts';

const NETWORKS = ['default', 'none', 'host'];
const SECURITY = ['sandbox', 'insecure'];

/** @throws VarveError DOCKERFILE_SYNTAX */
export function parseRun(node: DockerfileNode): Omit<RunInstruction, 'location' | 'original'> {
  const flags = parseFlags(node.flags, INSTRUCTION_FLAGS.run);
  const network = flags.string('network');
  const security = flags.string('security');
  if (network !== undefined && !NETWORKS.includes(network)) throw noSuch('network mode', network, NETWORKS);
  if (security !== undefined && !SECURITY.includes(security)) throw noSuch('security mode', security, SECURITY);
  const devices = flags.list('device');
  for (const device of devices) parseDevice(device);
  if (node.json && node.args.length === 0) throw syntaxError('RUN requires at least one argument');
  return {
    kind: 'run',
    command: commandOf(node.args, node.json),
    heredocs: node.heredocs.map(heredocOf),
    mounts: flags.list('mount'),
    ...(network === undefined ? {} : { network }),
    ...(security === undefined ? {} : { security }),
    devices,
  };
}

/** @throws VarveError DOCKERFILE_SYNTAX */
export function parseCmd(node: DockerfileNode): Omit<CmdInstruction, 'location' | 'original'> {
  parseFlags(node.flags, INSTRUCTION_FLAGS.cmd);
  return { kind: 'cmd', command: commandOf(node.args, node.json) };
}

/** @throws VarveError DOCKERFILE_SYNTAX */
export function parseEntrypoint(node: DockerfileNode): Omit<EntrypointInstruction, 'location' | 'original'> {
  parseFlags(node.flags, INSTRUCTION_FLAGS.entrypoint);
  return { kind: 'entrypoint', command: commandOf(node.args, node.json) };
}

/** @throws VarveError DOCKERFILE_SYNTAX */
export function parseShell(node: DockerfileNode): Omit<ShellInstruction, 'location' | 'original'> {
  parseFlags(node.flags, INSTRUCTION_FLAGS.shell);
  const shell = someArguments(node, 'SHELL');
  if (!node.json) {
    throw syntaxError(
      'SHELL requires the arguments to be in JSON form',
      undefined,
      `write SHELL ${JSON.stringify(shell.join(' ').split(' '))}`,
    );
  }
  return { kind: 'shell', shell };
}

function noSuch(what: string, value: string, known: readonly string[]) {
  return syntaxError(
    `invalid ${what}: ${JSON.stringify(value)}${didYouMean(value, known)}`,
    undefined,
    `known are ${known.join(', ')}`,
  );
}
