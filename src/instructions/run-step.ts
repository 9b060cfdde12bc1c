import type { RunInstruction } from '../dockerfile/ast.ts';
import { VarveError } from '../errors.ts';
import { DEFAULT_HOSTNAME } from '../sandbox/sandbox.ts';
import { proxyVariables } from './build-args.ts';
import { type MountScope, parseMount } from './run-mount.ts';
import type { Entitlement, NetworkMode, RunSettings } from './run-settings.ts';
import { commandArgv } from './shell.ts';
import { type StageScope, type StageState, userOf, withLayerHistory, workdirOf } from './stage-state.ts';
import type { RunMount, RunStep } from './step.ts';

/** Where a heredoc with a shebang lies while it runs, as in BuildKit. */
const PIPES = '/dev/pipes';
/** HOST_NAME_MAX, bytes. @see limits.h */
const MAX_HOSTNAME = 64;

/** RUN as a step: argv after SHELL and heredocs, the whole environment, mounts. Nothing is run. */
export function planRun(
  state: StageState,
  instruction: RunInstruction,
  scope: StageScope,
  mounts: Pick<MountScope, 'expand' | 'source'>,
): { state: StageState; step: RunStep } {
  refuseDevices(instruction);
  const { argv, pipes } = runArgv(state, instruction);
  const cacheNamespace = scope.buildArgs.get('BUILDKIT_CACHE_MOUNT_NS') ?? '';
  const parsed: RunMount[] = [];
  for (const text of instruction.mounts) {
    const sshMounts = parsed.filter(({ type }) => type === 'ssh').length;
    parsed.push(parseMount(text, { ...mounts, workdir: workdirOf(state), cacheNamespace, sshMounts }));
  }
  const step: RunStep = {
    kind: 'run',
    location: instruction.location,
    title: instruction.original,
    platform: state.platform,
    argv,
    env: [...state.environment.map(({ key, value }) => `${key}=${value}`), ...sshVariable(state, parsed)],
    unkeyedEnv: proxyVariables(scope.buildArgs)
      .filter(([name]) => !state.environment.some(({ key }) => key === name))
      .map(([name, value]) => `${name}=${value}`),
    user: userOf(state),
    cwd: workdirOf(state),
    network: networkOf(instruction, scope.run),
    security: securityOf(instruction, scope.run),
    hostname: hostnameOf(scope.buildArgs),
    extraHosts: scope.run.extraHosts,
    rlimits: scope.run.rlimits,
    ...(scope.run.shmSizeBytes === undefined ? {} : { shmSizeBytes: scope.run.shmSizeBytes }),
    mounts: parsed,
    pipes,
  };
  return { state: withLayerHistory(state, `RUN ${withArgs(state, argv)} # buildkit`), step };
}

/** Where the first agent is, whether one is forwarded or not; ENV goes before. As BuildKit's llb/exec.go. */
function sshVariable(state: StageState, mounts: readonly RunMount[]): string[] {
  const first = mounts.find(({ type }) => type === 'ssh');
  if (!first?.target || state.environment.some(({ key }) => key === 'SSH_AUTH_SOCK')) return [];
  return [`SSH_AUTH_SOCK=${first.target}`];
}

/** `|2 A=1 B=2 /bin/sh -c …` */
function withArgs(state: StageState, argv: readonly string[]): string {
  const args = new Map<string, string>();
  for (const { key, value } of state.args) {
    const current = state.environment.find((pair) => pair.key === key)?.value;
    args.set(key, current ?? value ?? '');
  }
  const shown = [...args].map(([key, value]) => `${key}=${value}`);
  return [...(shown.length ? [`|${shown.length}`, ...shown] : []), ...argv].join(' ');
}

function runArgv(state: StageState, { command, heredocs }: RunInstruction): Pick<RunStep, 'argv' | 'pipes'> {
  const first = heredocs[0];
  if (!first || command.form === 'exec') return { argv: commandArgv(state, command), pipes: [] };
  if (heredocs.length === 1 && /^\d*<<-?\s*(['"]?)[^\s'"<]+\1$/.test(command.script.trim())) {
    if (first.content.startsWith('#!')) {
      return { argv: [`${PIPES}/${first.name}`], pipes: [{ name: first.name, content: first.content }] };
    }
    return { argv: commandArgv(state, { form: 'shell', script: first.content }), pipes: [] };
  }
  const script = heredocs.reduce((text, heredoc) => `${text}\n${heredoc.content}${heredoc.name}`, command.script);
  return { argv: commandArgv(state, { form: 'shell', script }), pipes: [] };
}

/** @throws VarveError `USAGE` for what would be something else in /etc/hosts, or what the kernel refuses */
function hostnameOf(buildArgs: ReadonlyMap<string, string>): string {
  const name = buildArgs.get('BUILDKIT_SANDBOX_HOSTNAME') || DEFAULT_HOSTNAME;
  if (name.length <= MAX_HOSTNAME && /^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name)) return name;
  throw new VarveError('USAGE', `--build-arg BUILDKIT_SANDBOX_HOSTNAME=${name}: it is not a host name`, {
    hint: `letters, digits, dots, hyphens and underscores, at most ${MAX_HOSTNAME}`,
    exitCode: 2,
  });
}

/** @throws VarveError `ENTITLEMENT` when the build does not allow the mode */
function networkOf({ network }: RunInstruction, settings: RunSettings): NetworkMode {
  const mode = network ?? settings.network;
  if (mode !== 'default' && mode !== 'none' && mode !== 'host') {
    throw new VarveError('DOCKERFILE_VALUE', `unsupported network mode: "${mode}"`, {
      hint: 'it is default, none or host',
    });
  }
  if (mode === 'host') requireEntitlement('network.host', 'RUN --network=host', settings);
  return mode;
}

function securityOf({ security }: RunInstruction, settings: RunSettings): RunStep['security'] {
  if (security !== undefined && security !== 'sandbox' && security !== 'insecure')
    throw new VarveError('DOCKERFILE_VALUE', `security "${security}" is not valid`);
  if (security === 'insecure') requireEntitlement('security.insecure', 'RUN --security=insecure', settings);
  return security ?? 'sandbox';
}

function requireEntitlement(name: Entitlement, what: string, { allowed }: RunSettings): void {
  if (allowed.has(name)) return;
  throw new VarveError('ENTITLEMENT', `${what}: ${name} is not allowed`, { hint: `allow it with --allow ${name}` });
}

function refuseDevices({ devices }: RunInstruction): void {
  if (devices.length === 0) return;
  throw new VarveError('UNSUPPORTED', `RUN --device=${devices[0]} is not supported`, {
    hint: 'devices (CDI) need a daemon; varve has none',
  });
}
