import { posix } from 'node:path';
import {
  flagOption,
  type MountOptions,
  mountError,
  numberOption,
  parseMountOptions,
  textOption,
} from './mount-options.ts';
import type { RunMount, SourceRef } from './step.ts';

export interface MountScope {
  readonly workdir: string;
  expand(value: string): string;
  /** The stage, image or named context called this. */
  source(name: string): SourceRef;
  /** How many ssh mounts the RUN has before this one: the number in a socket's default name. */
  readonly sshMounts: number;
  /** BUILDKIT_CACHE_MOUNT_NS. */
  readonly cacheNamespace: string;
}

/**
 * One --mount as the sandbox will need it, defaults filled in.
 * @throws VarveError `DOCKERFILE_MOUNT`
 * @see Dockerfile reference, "RUN --mount"
 */
export function parseMount(text: string, scope: MountScope): RunMount {
  const options = parseMountOptions(text, scope.expand);
  switch (String(options.get('type') ?? 'bind').toLowerCase()) {
    case 'cache':
      return cacheMount(options, scope);
    case 'tmpfs':
      return tmpfsMount(options, scope);
    case 'secret':
      return secretMount(options, scope);
    case 'ssh':
      return sshMount(options, scope);
    default:
      return bindMount(options, scope);
  }
}

function bindMount(options: MountOptions, scope: MountScope): RunMount {
  const from = textOption(options, 'from');
  return {
    type: 'bind',
    from: from === undefined ? { kind: 'context' } : scope.source(from),
    source: textOption(options, 'source') ?? '',
    target: target(options, scope),
    writable: !flagOption(options, 'readonly', true),
  };
}

function cacheMount(options: MountOptions, scope: MountScope): RunMount {
  const at = target(options, scope);
  const sharing = (textOption(options, 'sharing') ?? 'shared').toLowerCase();
  if (sharing !== 'shared' && sharing !== 'private' && sharing !== 'locked') {
    throw mountError(`unsupported sharing value "${sharing}"`, 'it is shared, private or locked');
  }
  const from = textOption(options, 'from');
  const id = textOption(options, 'id') ?? posix.normalize(at);
  return {
    type: 'cache',
    id: scope.cacheNamespace ? `${scope.cacheNamespace}/${id}` : id,
    target: at,
    sharing,
    ...(from === undefined ? {} : { from: scope.source(from) }),
    source: textOption(options, 'source') ?? '',
    readonly: flagOption(options, 'readonly'),
    mode: numberOption(options, 'mode', 0o755),
    uid: numberOption(options, 'uid', 0),
    gid: numberOption(options, 'gid', 0),
  };
}

function tmpfsMount(options: MountOptions, scope: MountScope): RunMount {
  const size = textOption(options, 'size');
  return {
    type: 'tmpfs',
    target: target(options, scope),
    readonly: flagOption(options, 'readonly'),
    ...(size === undefined ? {} : { sizeBytes: parseBytes(size) }),
  };
}

function secretMount(options: MountOptions, scope: MountScope): RunMount {
  const at = textOption(options, 'target');
  if (!flagOption(options, 'readonly', true)) throw mountError('a secret mount is always read-only');
  const source = textOption(options, 'source');
  const given = textOption(options, 'id');
  if (given !== undefined && source !== undefined) throw mountError("the secret mount has both 'id' and 'source'");
  const id = given ?? source ?? (at === undefined ? undefined : posix.basename(at));
  if (id === undefined) throw mountError('invalid secret mount: one of id, source or target is needed');
  const env = textOption(options, 'env');
  const path = at ?? (env === undefined ? `/run/secrets/${posix.basename(id)}` : undefined);
  return {
    type: 'secret',
    id,
    ...(path === undefined ? {} : { target: absolute(path, scope) }),
    ...(env === undefined ? {} : { env }),
    required: flagOption(options, 'required'),
    ...ownership(options, 0o400),
  };
}

function sshMount(options: MountOptions, scope: MountScope): RunMount {
  return {
    type: 'ssh',
    id: textOption(options, 'id') ?? 'default',
    target: absolute(textOption(options, 'target') ?? `/run/buildkit/ssh_agent.${scope.sshMounts}`, scope),
    required: flagOption(options, 'required'),
    ...ownership(options, 0o600),
  };
}

function ownership(options: MountOptions, mode: number): { mode: number; uid: number; gid: number } {
  return {
    mode: numberOption(options, 'mode', mode),
    uid: numberOption(options, 'uid', 0),
    gid: numberOption(options, 'gid', 0),
  };
}

function target(options: MountOptions, scope: MountScope): string {
  const value = textOption(options, 'target');
  if (value === undefined) throw mountError(`the mount of type ${String(options.get('type') ?? 'bind')} has no target`);
  return absolute(value, scope);
}

function absolute(path: string, { workdir }: MountScope): string {
  const full = posix.resolve('/', workdir, path);
  if (full === '/') throw mountError(`invalid mount target "${path}": it cannot be the root`);
  return full;
}

/** Docker's units.RAMInBytes: `64m`, `1.5GiB`; binary multiples. */
export function parseBytes(text: string): number {
  const match = /^(\d+(?:\.\d+)?) ?([kmgtp]?)(?:i?b)?$/i.exec(text);
  if (!match) throw mountError(`invalid size: ${JSON.stringify(text)}`, 'for example 64m or 1g');
  const power = ['', 'k', 'm', 'g', 't', 'p'].indexOf((match[2] ?? '').toLowerCase());
  return Math.floor(Number(match[1]) * 1024 ** power);
}
