import { isIP } from 'node:net';
import { VarveError } from '../errors.ts';
import { parseBytes } from '../instructions/run-mount.ts';
import type { Entitlement, NetworkMode, RunSettings } from '../instructions/run-settings.ts';
import type { Rlimit } from '../sandbox/sandbox.ts';
import type { ExtraHost } from '../sandbox/write-etc-files.ts';

/** The flags that concern every RUN of a build. */
export interface RunFlags {
  readonly allow: readonly string[];
  readonly network: NetworkMode;
  readonly addHost: readonly string[];
  readonly ulimit: readonly string[];
  readonly shmSize?: string;
}

const ENTITLEMENTS: readonly Entitlement[] = ['network.host', 'security.insecure'];
/** RUN shares the machine's network, so the machine is where every program's own is. */
const HOST_GATEWAY = '127.0.0.1';
/** docker/go-units ulimit.go. */
const ULIMITS: readonly string[] = [
  ...['core', 'cpu', 'data', 'fsize', 'locks', 'memlock', 'msgqueue', 'nice', 'nofile', 'nproc', 'rss', 'rtprio'],
  ...['rttime', 'sigpending', 'stack'],
];

/**
 * What --allow, --network, --add-host, --ulimit and --shm-size ask for, as docker buildx reads them.
 * @throws VarveError `USAGE`
 */
export function parseRunSettings(flags: RunFlags): RunSettings {
  const allowed = new Set(flags.allow.flatMap((text) => text.split(',')).map(parseEntitlement));
  // As buildx: who writes --network host allows it.
  if (flags.network === 'host') allowed.add('network.host');
  return {
    allowed,
    network: flags.network,
    extraHosts: flags.addHost.map(parseAddHost),
    rlimits: [...new Map(flags.ulimit.map(parseUlimit).map((limit) => [limit.name, limit])).values()],
    ...(flags.shmSize === undefined ? {} : { shmSizeBytes: parseShmSize(flags.shmSize) }),
  };
}

function parseEntitlement(text: string): Entitlement {
  const found = ENTITLEMENTS.find((name) => name === text.trim());
  if (found !== undefined) return found;
  throw usage('--allow', text, 'no such entitlement', `they are ${ENTITLEMENTS.join(' and ')}`);
}

/** `NAME:ADDRESS` or `NAME=ADDRESS`, an IPv6 address with or without brackets. */
export function parseAddHost(text: string): ExtraHost {
  const match = /^([^=:]+)[=:](.+)$/.exec(text);
  const [, name = '', given = ''] = match ?? [];
  const address = given === 'host-gateway' ? HOST_GATEWAY : given.replace(/^\[(.*)\]$/, '$1');
  if (/^[^\s#]+$/.test(name) && isIP(address) !== 0) return { name, address };
  throw usage('--add-host', text, 'it is not a name and an IP address', 'for example --add-host db:192.0.2.1');
}

/** `TYPE=SOFT[:HARD]`; -1 is unlimited, without HARD both are SOFT. */
export function parseUlimit(text: string): Rlimit {
  const [, name = '', first = '', second] = /^([a-z]+)=(-?\d{1,15})(?::(-?\d{1,15}))?$/.exec(text) ?? [];
  const refuse = (why: string): VarveError =>
    usage('--ulimit', text, why, 'TYPE=SOFT[:HARD], for example nofile=1024:4096');
  if (first === '') throw refuse('it is not a limit');
  if (!ULIMITS.includes(name)) throw refuse(`the types are ${ULIMITS.join(', ')}`);
  const soft = limitOf(first);
  const hard = second === undefined ? soft : limitOf(second);
  if (soft === 'invalid' || hard === 'invalid') throw refuse('a limit is a whole number, or -1 for none');
  if ((soft ?? Number.POSITIVE_INFINITY) > (hard ?? Number.POSITIVE_INFINITY))
    throw refuse('the soft limit must be less than or equal to the hard one');
  return { name, soft, hard };
}

function limitOf(text: string): number | undefined | 'invalid' {
  const value = Number(text);
  if (value === -1) return undefined;
  return value < 0 ? 'invalid' : value;
}

function parseShmSize(text: string): number {
  try {
    const bytes = parseBytes(text);
    if (bytes > 0) return bytes;
  } catch {
    // said below
  }
  throw usage('--shm-size', text, 'it is not a size', 'for example 64m or 1g');
}

function usage(flag: string, text: string, why: string, hint: string): VarveError {
  return new VarveError('USAGE', `${flag} ${text}: ${why}`, { hint, exitCode: 2 });
}
