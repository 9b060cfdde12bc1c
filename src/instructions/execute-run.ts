import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { VarveError } from '../errors.ts';
import { type BytePath, fromText, toFsPath } from '../io/byte-path.ts';
import type { Libc } from '../io/libc.ts';
import { resolveUser } from '../sandbox/resolve-user.ts';
import type { RunIo, RunResult, RunSpec, Sandbox, SandboxMount } from '../sandbox/sandbox.ts';
import { hostsFile, resolvConf } from '../sandbox/write-etc-files.ts';
import type { LayerItem } from '../snapshot/entry.ts';
import type { FileSource } from '../snapshot/file-source.ts';
import { resolvePath } from '../snapshot/resolve-path.ts';
import { type MountPoint, makeMountPoints, mirror } from './mount-points.ts';
import { OutputTail } from './output-tail.ts';
import { readSmallFile } from './read-small-file.ts';
import type { RunRootfs } from './run-rootfs.ts';
import type { RunStep } from './step.ts';

/** 128 + SIGKILL. */
const KILLED = 137;
/** What a command says that misses a file which the kernel shows elsewhere. */
const SYSTEM_FILES = /\/proc\b|\/sys\b|\/dev\/|\bprocfs\b|\bmount(ed|ing)?\b|\bpty\b/i;
const BASE_MOUNT_POINTS: readonly MountPoint[] = [
  { target: '/proc', type: 'dir' },
  { target: '/sys', type: 'dir' },
  { target: '/dev', type: 'dir' },
];

/** A mount of the step made ready: what the sandbox mounts, and what kind of thing it lands on. */
export interface ReadyMount {
  readonly mount: SandboxMount;
  readonly type: 'file' | 'dir';
}

export interface RunServices {
  readonly sandbox: Sandbox;
  readonly libc: Libc;
  /** The snapshot that the command starts from, and how it is made real. */
  readonly source: FileSource;
  readonly rootfs: RunRootfs;
  /** An empty directory of this step's own, on the store's filesystem. */
  readonly directory: string;
  /** The machine's resolv.conf. */
  readonly hostResolvConf: string;
  /** The step's mounts. */
  readonly mounts: readonly ReadyMount[];
  /** Environment besides the step's own: secrets that mounts bring. */
  readonly secretEnv: readonly string[];
  /** And what is no secret: the trace. */
  readonly moreEnv: readonly string[];
  readonly io: RunIo;
  /** Told what the rung gives less than it was asked for. */
  warn(message: string): void;
}

/** What a RUN changed. */
export interface RunOutcome {
  readonly items: readonly LayerItem[];
  /** Mount points that lie in the rootfs and not in the snapshot. */
  readonly mountPoints: readonly BytePath[];
}

/**
 * Runs the command on the parent snapshot and reads what it changed.
 * @throws VarveError `RUN_FAILED` with the command's exit code, `UNKNOWN_USER`, `SANDBOX_*`
 */
export async function executeRun(step: RunStep, services: RunServices): Promise<RunOutcome> {
  const { source, rootfs, directory, libc, sandbox } = services;
  const user = resolveUser(step.user, {
    ...(await optional('passwd', readSmallFile(source, 'etc/passwd'))),
    ...(await optional('group', readSmallFile(source, 'etc/group'))),
  });
  const scratch = makeDirectory(directory, 'scratch');
  const mounts = [
    ...etcMounts(directory, step, services.hostResolvConf),
    ...pipeMounts(directory, step),
    ...services.mounts,
  ];
  const points = [...BASE_MOUNT_POINTS, ...mounts.map(({ mount, type }) => ({ target: mount.target, type }))];
  const { targets, made } = await makeMountPoints(source, points, fromText(rootfs.points), libc);
  const env = [...step.env, ...step.unkeyedEnv, ...services.secretEnv, ...services.moreEnv];
  if (!env.some((entry) => entry.startsWith('HOME='))) env.push(`HOME=${user.home ?? '/'}`);
  const spec: RunSpec = {
    rootfs: rootfs.spec,
    argv: step.argv,
    env,
    ...(services.secretEnv.length > 0 ? { hasSecretEnv: true } : {}),
    cwd: step.cwd,
    user,
    mounts: outerFirst(mounts.map(({ mount }, i) => ({ ...mount, target: targets[BASE_MOUNT_POINTS.length + i]! }))),
    network: step.network === 'none' ? 'none' : 'host',
    hostname: step.hostname,
    privileged: step.security === 'insecure',
    rlimits: step.rlimits,
    ...(step.shmSizeBytes === undefined ? {} : { shmSizeBytes: step.shmSizeBytes }),
    scratch,
  };
  using placed = sandbox.place?.(spec);
  for (const warning of placed?.warnings ?? []) services.warn(warning);
  await rootfs.begin([...targets, ...(placed?.asides ?? [])]);
  await makeWorkingDirectory(source, step.cwd, rootfs.changes, libc);
  await mirror(source, '', fromText(rootfs.changes), libc);
  const tail = new OutputTail();
  const result = await sandbox.run(spec, withTail(services.io, tail));
  if (result.exitCode !== 0) throw failed(step, result, tail.text());
  placed?.verify();
  return { items: await rootfs.scan(), mountPoints: made };
}

/** Both streams, as they come, for the error that may follow. */
function withTail(io: RunIo, tail: OutputTail): RunIo {
  const also = (sink: (chunk: Buffer) => void) => (chunk: Buffer) => {
    tail.write(chunk);
    sink(chunk);
  };
  return { ...io, stdout: also((chunk) => io.stdout(chunk)), stderr: also((chunk) => io.stderr(chunk)) };
}

function failed(step: RunStep, { exitCode, lacks }: RunResult, output: string | undefined): VarveError {
  const hint =
    exitCode === KILLED
      ? 'it was killed (SIGKILL), perhaps for want of memory'
      : lacks !== undefined && SYSTEM_FILES.test(output ?? '')
        ? `${lacks}; \`varve doctor\` says what gives a rung that has them`
        : undefined;
  return new VarveError(
    'RUN_FAILED',
    `process ${JSON.stringify(step.argv.join(' '))} did not complete successfully: exit code: ${exitCode}`,
    {
      location: step.location,
      exitCode,
      ...(output === undefined ? {} : { output }),
      ...(hint === undefined ? {} : { hint }),
    },
  );
}

/** A mount below another one has to come after it, in whatever order they are written. */
function outerFirst(mounts: readonly SandboxMount[]): SandboxMount[] {
  const depth = ({ target }: SandboxMount): number => target.split('/').length;
  return mounts.toSorted((a, b) => depth(a) - depth(b));
}

function makeDirectory(parent: string, name: string): string {
  const path = join(parent, name);
  mkdirSync(path);
  chmodSync(path, 0o755);
  return path;
}

/** resolv.conf and hosts, given and never committed. */
function etcMounts(directory: string, { hostname, extraHosts }: RunStep, hostResolvConf: string): ReadyMount[] {
  const files: [target: string, content: string][] = [
    ['/etc/resolv.conf', resolvConf(hostResolvConf)],
    ['/etc/hosts', hostsFile(hostname, extraHosts)],
  ];
  return files.map(([target, content], i) => {
    const source = join(directory, `etc-${i}`);
    writeFileSync(source, content, { mode: 0o644 });
    chmodSync(source, 0o644);
    return { type: 'file', mount: { type: 'bind', source, target, readonly: true } };
  });
}

/** Heredoc scripts, as files below /dev/pipes. */
function pipeMounts(directory: string, step: RunStep): ReadyMount[] {
  if (step.pipes.length === 0) return [];
  const pipes = makeDirectory(directory, 'pipes');
  for (const { name, content } of step.pipes) {
    writeFileSync(join(pipes, name), content, { mode: 0o755 });
    chmodSync(join(pipes, name), 0o755);
  }
  return [{ type: 'dir', mount: { type: 'bind', source: pipes, target: '/dev/pipes', readonly: true } }];
}

/** A working directory that no WORKDIR made (a base image's, say) is made as runc makes it: 0755 root, in the layer. */
async function makeWorkingDirectory(source: FileSource, cwd: string, changes: string, libc: Libc): Promise<void> {
  const { path, entry } = await resolvePath(source, fromText(cwd).replace(/^\/+/, ''), { followLast: true });
  if (entry) return;
  let made: BytePath = fromText(changes);
  let within: BytePath = '';
  for (const part of path.split('/')) {
    made = `${made}/${part}`;
    within = within === '' ? part : `${within}/${part}`;
    if (existsSync(toFsPath(made))) continue;
    mkdirSync(toFsPath(made), { mode: 0o755 });
    await mirror(source, within, made, libc);
  }
}

async function optional<K extends string>(key: K, value: Promise<Buffer | undefined>): Promise<{ [P in K]?: string }> {
  const content = await value;
  return (content === undefined ? {} : { [key]: content.toString('utf8') }) as { [P in K]?: string };
}
