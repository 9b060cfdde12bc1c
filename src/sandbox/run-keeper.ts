import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, constants as flags, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Credentials, loadProcessCalls, type ProcessCalls, type ResourceLimit } from './become.ts';
import { childPids, descendantPids } from './process-tree.ts';

/** Between asking (SIGTERM) and killing when the RUN is to end, as in launch.ts. */
const GRACE_MS = 2000;
/** How often it is looked whether all are dead, in ms. */
const SWEEP_MS = 5;
/** What survives SIGKILL that long may not be killed by this process, in ms. */
const SWEEP_LIMIT_MS = 10_000;
const RLIMIT_DATA = 2; // asm-generic/resource.h
const RLIMIT_NOFILE = 7;
const RLIMIT_AS = 9;
/** What this process opens, generously. */
const KEEPER_FILES = 64n;
const SETUP_FAILED = 125;

/** What a rung without a pid namespace leaves in a file for its keeper. */
export interface KeeperJob {
  /** The varve that waits: when it is gone, so is the RUN. */
  readonly parent: number;
  /** What the command has as its root; absent where it is to see what varve sees. */
  readonly root?: string;
  readonly cwd: string;
  readonly env: readonly string[];
  readonly argv: readonly string[];
  readonly credentials: Credentials;
  readonly limits: readonly ResourceLimit[];
  /** A file that says: setting up is over. */
  readonly started: string;
}

/**
 * Stands over one RUN where there is no pid namespace: what the command leaves behind becomes a child of this process
 * whatever it did to its session, and is killed when the command ends. Zombies are reaped meanwhile. SIGTERM ends the
 * RUN in order, SIGHUP at once; the latter comes from the kernel when varve dies.
 * @param jobFile a {@link KeeperJob} as JSON
 * @returns the exit code, the command's or 128 + n after a signal, when all are gone
 */
export async function keepRun(jobFile: string): Promise<number> {
  const job = JSON.parse(readFileSync(jobFile, 'utf8')) as KeeperJob;
  const calls = loadProcessCalls();
  calls.becomeSubreaper();
  process.umask(0o022);
  const kill = (): void => {
    for (const pid of descendantPids(process.pid, 1)) send(pid, 'SIGKILL');
  };
  process.on('SIGTERM', () => {
    for (const pid of descendantPids(process.pid, 1)) send(pid, 'SIGTERM');
    setTimeout(kill, GRACE_MS);
  });
  process.on('SIGHUP', kill);

  let child: ChildProcess;
  try {
    child = startCommand(job, calls);
  } catch (error) {
    process.stderr.write(`varve-keeper: ${(error as Error).message}\n`);
    return SETUP_FAILED;
  }
  const ended = endOf(child, job);
  // Not sooner: a change of credentials takes it back. varve may have died before the kernel was asked to tell.
  calls.signalOnParentDeath(constants.signals.SIGHUP);
  if (process.ppid !== job.parent) kill();
  writeFileSync(job.started, '');
  /** The children that are left. */
  const reap = (): number[] => childPids(process.pid).filter((pid) => pid === child.pid || !calls.reap(pid));
  process.on('SIGCHLD', reap);
  const exitCode = await ended;
  const until = Date.now() + SWEEP_LIMIT_MS;
  for (kill(); reap().length > 0; kill()) {
    if (Date.now() > until) {
      process.stderr.write('varve-keeper: processes that the RUN left cannot be killed\n');
      break;
    }
    await sleep(SWEEP_MS);
  }
  return exitCode;
}

function endOf(child: ChildProcess, { argv }: KeeperJob): Promise<number> {
  return new Promise((resolve) => {
    child.on('error', (error: NodeJS.ErrnoException) => {
      const [exitCode, text] = execFailure(error.code);
      process.stderr.write(`varve-enter: failed to execute ${argv[0]}: ${text}\n`);
      resolve(exitCode);
    });
    child.on('exit', (code, signal) => resolve(code ?? 128 + (signal ? constants.signals[signal] : 0)));
  });
}

/**
 * This process becomes what the command is to be (root, directory, user, limits), starts it, and becomes itself again: so
 * no program of the machine has the RUN's environment, and none is needed inside the root.
 */
function startCommand({ root, cwd, env, argv, credentials, limits }: KeeperJob, calls: ProcessCalls): ChildProcess {
  const outside = openSync('/', flags.O_RDONLY | flags.O_DIRECTORY);
  const [file = '', ...args] = argv;
  const before = limits.map((limit) => {
    const own = calls.limit(0, limit.resource);
    if (!isDeadly(limit)) calls.setLimit(0, limit);
    return own;
  });
  // From a lower hard limit there is no way back: one that this process could not live with is the command's right after.
  const deadly = limits.flatMap((limit, i) => (isDeadly(limit) ? [{ limit, own: before[i]! }] : []));
  for (const fd of readdirSync('/proc/self/fd').map(Number)) if (fd > 2) calls.closeOnExec(fd);
  if (root !== undefined) calls.chroot(root);
  calls.assume(credentials);
  calls.changeDirectory(cwd);
  const variables = Object.fromEntries(
    env.map((entry) => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)]),
  );
  // Only for the moment of starting: this process has no room to allocate meanwhile.
  for (const { limit, own } of deadly) calls.setLimit(0, { ...limit, hard: larger(limit.hard, own.hard) });
  const child = spawn(file, args, { env: variables, stdio: 'inherit' });
  for (const { own } of deadly) calls.setLimit(0, own);
  calls.resume();
  calls.changeDirectory(outside);
  if (root !== undefined) calls.chroot('.');
  closeSync(outside);
  for (const [i, limit] of limits.entries()) {
    if (child.pid !== undefined) calls.setLimit(child.pid, limit);
    const { soft } = before[i]!;
    const { hard } = calls.limit(0, limit.resource);
    calls.setLimit(0, { ...limit, soft: larger(soft, hard) === soft ? hard : soft, hard });
  }
  return child;
}

/** As the others say it: docker's exit codes, and why. */
function execFailure(code: string | undefined): [exitCode: number, text: string] {
  if (code === 'ENOENT' || code === 'ENOTDIR') return [127, 'No such file or directory'];
  return [126, code === 'EACCES' ? 'Permission denied' : (code ?? 'error')];
}

/** Whether Node cannot go on with a hard limit: address space, data, few open files. */
function isDeadly({ resource, hard }: ResourceLimit): boolean {
  return (
    resource === RLIMIT_AS || resource === RLIMIT_DATA || (resource === RLIMIT_NOFILE && BigInt(hard) < KEEPER_FILES)
  );
}

function larger(a: string, b: string): string {
  return BigInt(a) > BigInt(b) ? a : b;
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // gone already
  }
}
