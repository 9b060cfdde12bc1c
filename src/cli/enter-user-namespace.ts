import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { constants, userInfo } from 'node:os';
import { needsUserNamespace, userNamespaceCommand } from '../sandbox/user-namespace.ts';
import { toolPath } from './tool-path.ts';

/** Set in the environment of the varve that runs inside, so that a namespace without capabilities ends the recursion. */
const INSIDE = 'VARVE_IN_USER_NAMESPACE';
/** Commands that need files of several owners, and mounts. */
const NEEDING = ['build', 'import', 'store', 'executor', 'warmer'];

/**
 * An ordinary user's build runs in a user namespace, where it is root: varve starts itself again there.
 * @returns the exit code of the varve inside; undefined when this one is to go on
 */
export async function enterUserNamespace(): Promise<number | undefined> {
  const { argv, env, execPath } = process;
  const command = argv[2];
  if (command === undefined || !NEEDING.includes(command) || argv.includes('--help') || env[INSIDE]) return undefined;
  const euid = process.geteuid?.() ?? 0;
  if (!needsUserNamespace({ euid, status: readText('/proc/self/status') })) return undefined;
  const { file, args, warning } = userNamespaceCommand(execPath, [...process.execArgv, ...argv.slice(1)], {
    euid,
    egid: process.getegid?.() ?? 0,
    userName: userInfo().username,
    uidMap: readText('/proc/self/uid_map'),
    gidMap: readText('/proc/self/gid_map'),
    subuid: readText('/etc/subuid'),
    subgid: readText('/etc/subgid'),
    toolPath: toolPath(env.PATH),
  });
  if (warning !== undefined) process.stderr.write(`warning: ${warning}\n`);
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { stdio: 'inherit', env: { ...env, [INSIDE]: '1' } });
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal));
    child.on('error', reject);
    child.on('close', (code, signal) => resolve(code ?? 128 + (signal ? constants.signals[signal] : 0)));
  });
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
