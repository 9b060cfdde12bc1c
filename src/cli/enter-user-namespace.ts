import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { constants, userInfo } from 'node:os';
import { VarveError } from '../errors.ts';
import {
  ENTERED,
  hasCapability,
  needsUserNamespace,
  type UserNamespaceCommand,
  userNamespaceCommands,
} from '../sandbox/user-namespace.ts';
import { toolPath } from './tool-path.ts';

/** Set in the environment of the varve that runs inside, so that a namespace without capabilities ends the recursion. */
const INSIDE = 'VARVE_IN_USER_NAMESPACE';
/** Set in the environment of a varve that could not enter one, and goes on where it is: why. */
export const NO_USER_NAMESPACE = 'VARVE_NO_USER_NAMESPACE';
/** Commands that need files of several owners, and mounts. */
const NEEDING = ['build', 'bake', 'import', 'store', 'executor', 'warmer'];

/** What came of it. */
export type Entered =
  | { readonly isInside: true; readonly exitCode: number; readonly stdout: string }
  | { readonly isInside: false; readonly reason: string };

/**
 * An ordinary user's build runs in a user namespace, where it is root: varve starts itself again there. Where none can be
 * had it goes on without: a rung that needs none may be left, and a build without RUN needs no rung.
 * @returns the exit code of the varve inside; undefined when this one is to go on
 */
export async function enterUserNamespace(): Promise<number | undefined> {
  const { argv, env, execArgv } = process;
  const command = argv[2];
  if (command === undefined || !NEEDING.includes(command) || argv.includes('--help')) return undefined;
  if (!lacksMounts() || staysOutside(isolationOf(argv))) return undefined;
  const entered = await runInUserNamespace([...execArgv, ...argv.slice(1)], 'inherit');
  if (entered.isInside) return entered.exitCode;
  env[NO_USER_NAMESPACE] = entered.reason;
  return undefined;
}

/** Whether this process could mount only after {@link runInUserNamespace}. */
export function lacksMounts(): boolean {
  if (process.env[INSIDE]) return false;
  return needsUserNamespace({ euid: process.geteuid?.() ?? 0, status: readText('/proc/self/status') });
}

/**
 * Runs varve's own Node as root of a user namespace, with all ids that can be had, else with one.
 * @param args of Node
 * @param stdout `pipe` gives what it says
 */
export async function runInUserNamespace(args: readonly string[], stdout: 'inherit' | 'pipe'): Promise<Entered> {
  const reasons: string[] = [];
  for (const command of commands(args)) {
    if (command instanceof VarveError) return { isInside: false, reason: command.message };
    const entered = await attempt(command, stdout);
    if (entered.isInside) return entered;
    reasons.push(entered.reason);
  }
  return { isInside: false, reason: [...new Set(reasons)].join('; ') };
}

function commands(args: readonly string[]): readonly (UserNamespaceCommand | VarveError)[] {
  try {
    return userNamespaceCommands(process.execPath, args, {
      euid: process.geteuid?.() ?? 0,
      egid: process.getegid?.() ?? 0,
      ...userName(),
      uidMap: readText('/proc/self/uid_map'),
      gidMap: readText('/proc/self/gid_map'),
      subuid: readText('/etc/subuid'),
      subgid: readText('/etc/subgid'),
      toolPath: toolPath(process.env.PATH),
    });
  } catch (error) {
    if (error instanceof VarveError) return [error];
    throw error;
  }
}

function attempt(command: UserNamespaceCommand, stdout: 'inherit' | 'pipe'): Promise<Entered> {
  return new Promise((resolve, reject) => {
    const child = spawn(command.file, command.args, {
      stdio: ['inherit', stdout, 'inherit', 'pipe'],
      env: { ...process.env, [INSIDE]: '1' },
    });
    const handlers = (['SIGINT', 'SIGTERM', 'SIGHUP'] as const).map((signal) => {
      const handler = (): void => void child.kill(signal);
      process.on(signal, handler);
      return () => process.off(signal, handler);
    });
    let said = '';
    const answer: Buffer[] = [];
    child.stdout?.on('data', (chunk: Buffer) => answer.push(chunk));
    child.stdio[3]?.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      if (said.endsWith(ENTERED) && command.warning !== undefined)
        process.stderr.write(`warning: ${command.warning}\n`);
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      for (const off of handlers) off();
      const exitCode = code ?? 128 + (signal ? constants.signals[signal] : 0);
      if (said.endsWith(ENTERED)) resolve({ isInside: true, exitCode, stdout: Buffer.concat(answer).toString() });
      else resolve({ isInside: false, reason: said.trim().replaceAll('\n', '; ') || `exit code ${exitCode}` });
    });
  });
}

/** The value of --isolation, as far as it can be told before the command line is parsed. */
function isolationOf(argv: readonly string[]): string | undefined {
  const at = argv.findIndex((arg) => arg === '--isolation' || arg.startsWith('--isolation='));
  return at < 0 ? undefined : (argv[at]?.split('=')[1] ?? argv[at + 1]);
}

/** A user namespace would take from these what they need: devices, and the root of the container. */
function staysOutside(isolation: string | undefined): boolean {
  if (isolation === 'in-place') return true;
  return isolation === 'chroot' && hasCapability(readText('/proc/self/status'), 'SYS_CHROOT');
}

/** In a pod the uid may be nobody's. */
function userName(): { userName?: string } {
  try {
    return { userName: userInfo().username };
  } catch {
    return {};
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
