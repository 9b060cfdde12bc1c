import { isIP } from 'node:net';
import type { ExposeInstruction } from '../dockerfile/ast.ts';
import { VarveError } from '../errors.ts';
import { type StageState, withHistory } from './stage-state.ts';
import type { Words } from './words.ts';

const HIGHEST_PORT = 65535;

/** EXPOSE: ports and ranges, with a protocol; one word may expand to several. */
export function applyExpose(state: StageState, instruction: ExposeInstruction, words: Words): StageState {
  const ports = instruction.ports
    .flatMap((port) => words.many(port))
    .flatMap(parsePort)
    .sort();
  const ExposedPorts = { ...state.config.ExposedPorts, ...Object.fromEntries(ports.map((port) => [port, {}])) };
  return withHistory({ ...state, config: { ...state.config, ExposedPorts } }, `EXPOSE [${ports.join(' ')}]`);
}

/**
 * `[[ip:]host:]container[-last][/proto]` → `port/proto` for each container port. Host parts are checked and left out.
 * @throws VarveError `DOCKERFILE_VALUE` with BuildKit's words
 */
export function parsePort(spec: string): string[] {
  const slash = spec.indexOf('/');
  const proto = (slash < 0 ? '' : spec.slice(slash + 1).toLowerCase()) || 'tcp';
  const address = slash < 0 ? spec : spec.slice(0, slash);
  const parts = address.split(':');
  const container = parts.pop() ?? '';
  const host = parts.pop() ?? '';
  const ip = parts.join(':').replace(/^\[(.*)\]$/, '$1');
  const refused = (what: string) => invalid(`invalid port: ${JSON.stringify(spec)}: ${what}`);
  if (container === '') throw refused('no port specified');
  if (!['tcp', 'udp', 'sctp'].includes(proto)) throw refused(`invalid proto: ${proto}`);
  if (ip !== '' && isIP(ip) === 0) throw invalid(`invalid IP address: ${ip}`);
  const range = parseRange(container);
  if (!range) throw invalid(`invalid containerPort: ${container}`);
  const hostRange = host === '' ? undefined : parseRange(host);
  if (host !== '' && !hostRange) throw invalid(`invalid hostPort: ${host}`);
  const count = range[1] - range[0];
  if (hostRange && hostRange[1] - hostRange[0] !== count && count !== 0) {
    throw invalid(`invalid ranges specified for container and host Ports: ${container} and ${host}`);
  }
  return Array.from({ length: count + 1 }, (_, i) => `${range[0] + i}/${proto}`);
}

function parseRange(text: string): [first: number, last: number] | undefined {
  const match = /^(\d+)(?:-(\d+))?$/.exec(text);
  if (!match) return undefined;
  const first = Number(match[1]);
  const last = match[2] === undefined ? first : Number(match[2]);
  return first <= last && last <= HIGHEST_PORT ? [first, last] : undefined;
}

function invalid(message: string): VarveError {
  return new VarveError('DOCKERFILE_VALUE', message, { hint: 'EXPOSE takes ports such as 80, 8000-8010 or 53/udp' });
}
