import { someArguments } from './arguments.ts';
import type { HealthcheckInstruction } from './ast.ts';
import { parseGoDuration } from './go-duration.ts';
import { type Flags, parseFlags } from './instruction-flags.ts';
import { INSTRUCTION_FLAGS } from './instruction-table.ts';
import type { DockerfileNode } from './node.ts';
import { syntaxError } from './syntax-error.ts';

/** Nanoseconds; Docker refuses less, other than 0. */
const MIN_INTERVAL = 1_000_000;

/** Go reads --retries into an int32. */
const MAX_RETRIES = 2 ** 31 - 1;

/** @throws VarveError DOCKERFILE_SYNTAX or DURATION */
export function parseHealthcheck(node: DockerfileNode): Omit<HealthcheckInstruction, 'location' | 'original'> {
  const [type = '', ...args] = someArguments(node, 'HEALTHCHECK');
  const flags = parseFlags(node.flags, INSTRUCTION_FLAGS.healthcheck);
  return {
    kind: 'healthcheck',
    test: testOf(type.toUpperCase(), args, node.json),
    interval: intervalOf(flags, 'interval'),
    timeout: intervalOf(flags, 'timeout'),
    startPeriod: intervalOf(flags, 'start-period'),
    startInterval: intervalOf(flags, 'start-interval'),
    retries: retriesOf(flags),
  };
}

function testOf(type: string, args: readonly string[], json: boolean): readonly string[] {
  if (type === 'NONE') {
    if (args.length > 0) throw syntaxError('HEALTHCHECK NONE takes no arguments');
    return ['NONE'];
  }
  if (type !== 'CMD') {
    throw syntaxError(
      `Unknown type ${JSON.stringify(type)} in HEALTHCHECK (try CMD)`,
      undefined,
      'write HEALTHCHECK CMD command or HEALTHCHECK NONE',
    );
  }
  if (args.length === 0) throw syntaxError('Missing command after HEALTHCHECK CMD');
  return json ? ['CMD', ...args] : ['CMD-SHELL', args.join(' ')];
}

/** A flag's duration in nanoseconds, 0 when it is not given. @throws VarveError DURATION, DOCKERFILE_SYNTAX */
export function intervalOf(flags: Flags, name: string): number {
  const text = flags.string(name);
  if (text === undefined || text === '') return 0;
  const interval = parseGoDuration(text);
  if (interval !== 0 && interval < MIN_INTERVAL) {
    throw syntaxError(`Interval "${name}" cannot be less than 1ms`, undefined, 'write 0s for the default');
  }
  return interval;
}

function retriesOf(flags: Flags): number {
  const text = flags.string('retries');
  if (text === undefined || text === '') return 0;
  const retries = Number(text);
  if (!/^[+-]?\d+$/.test(text) || Math.abs(retries) > MAX_RETRIES) {
    throw syntaxError(`--retries needs a whole number, not ${JSON.stringify(text)}`);
  }
  if (retries < 0) throw syntaxError(`--retries cannot be negative (${retries})`);
  return retries;
}
