import { readFileSync, writeSync } from 'node:fs';
import { constants } from 'node:os';
import koffi from 'koffi';

const F_SETFD = 2; // linux/fcntl.h
const SIG_DFL = 0;
const RLIMIT_NOFILE = 7; // asm-generic/resource.h
const LAST_SIGNAL = 31; // before the real-time ones

/** What the namespaces rung leaves in a file for the process that becomes the command. */
export interface EnterRootJob {
  readonly uid: number;
  readonly cwd: string;
  readonly env: readonly string[];
  readonly argv: readonly string[];
  /** Soft and hard limit of open files, where the RUN has its own. */
  readonly openFiles?: readonly [soft: string, hard: string];
}

/**
 * Makes the working directory the root, changes to the job's directory and user, and becomes its argv with exactly its
 * environment, as `unshare -R . -w CWD -S UID` does: for environments that the host's dynamic loader must not see. Runs
 * in a process of its own, started by the namespaces rung with capabilities and groups reduced already. `jobFile` holds
 * an EnterRootJob as JSON. Returns only when that fails: the exit code, after a message on stderr.
 */
export function enterRoot(jobFile: string): number {
  const { uid, cwd, env, argv, openFiles } = JSON.parse(readFileSync(jobFile, 'utf8')) as EnterRootJob;
  const lib = koffi.load(null);
  const chroot = lib.func('int chroot(const char *path)');
  const chdir = lib.func('int chdir(const char *path)');
  const setuid = lib.func('int setuid(uint32_t uid)');
  const signal = lib.func('intptr_t signal(int number, intptr_t handler)');
  const fcntl = lib.func('int fcntl(int fd, int command, ...)');
  const setrlimit = lib.func('int setrlimit(int resource, const void *limit)');
  const execve = lib.func('int execve(const char *path, const char **argv, const char **env)');

  const command = argv[0] ?? '';
  if (chroot('.') !== 0) return say(`cannot change root directory: ${errorText(koffi.errno())}`, 1);
  if (chdir(cwd) !== 0) return say(`cannot chdir to '${cwd}': ${errorText(koffi.errno())}`, 1);
  if (uid !== 0 && setuid(uid) !== 0) return say(`setuid failed: ${errorText(koffi.errno())}`, 1);
  // Node ignores SIGPIPE and SIGXFSZ, which the command would inherit, and marks the standard streams close-on-exec.
  for (let number = 1; number <= LAST_SIGNAL; number++) signal(number, SIG_DFL);
  for (const fd of [0, 1, 2]) fcntl(fd, F_SETFD, 'int', 0);
  // Node raised its own soft limit to the hard one.
  if (openFiles && setrlimit(RLIMIT_NOFILE, BigUint64Array.from(openFiles, BigInt)) !== 0)
    return say(`cannot set the resource limit nofile: ${errorText(koffi.errno())}`, 1);

  let denied = 0;
  for (const file of candidates(command, env)) {
    execve(file, [...argv, null], [...env, null]);
    const number = koffi.errno();
    if (number === constants.errno.ENOENT || number === constants.errno.ENOTDIR) continue;
    denied = number;
    if (number !== constants.errno.EACCES) break;
  }
  if (denied) return say(`failed to execute ${command}: ${errorText(denied)}`, 126);
  return say(`failed to execute ${command}: ${errorText(constants.errno.ENOENT)}`, 127);
}

/** As execvp(3): a name without a slash is looked for in PATH. */
function candidates(command: string, env: readonly string[]): string[] {
  if (command.includes('/')) return [command];
  const path = env.find((variable) => variable.startsWith('PATH='))?.slice(5) ?? '/bin:/usr/bin';
  return path.split(':').map((directory) => (directory === '' ? command : `${directory}/${command}`));
}

function errorText(number: number): string {
  const texts: Readonly<Record<number, string>> = {
    [constants.errno.EACCES]: 'Permission denied',
    [constants.errno.ENOENT]: 'No such file or directory',
    [constants.errno.ENOEXEC]: 'Exec format error',
  };
  return texts[number] ?? Object.entries(constants.errno).find(([, value]) => value === number)?.[0] ?? String(number);
}

function say(message: string, exitCode: number): number {
  writeSync(2, `varve-enter: ${message}\n`);
  return exitCode;
}
