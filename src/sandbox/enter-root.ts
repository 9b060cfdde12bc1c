import { writeSync } from 'node:fs';
import { constants } from 'node:os';
import koffi from 'koffi';

const F_SETFD = 2; // linux/fcntl.h
const SIG_DFL = 0;
const LAST_SIGNAL = 31; // before the real-time ones

/**
 * A program: `enter-root UID CWD COUNT ENV… ARGV…`. Makes the working directory the root, changes to CWD and UID, and
 * becomes ARGV with exactly ENV, as `unshare -R . -w CWD -S UID` does. Used when ENV has variables that the host's
 * dynamic loader must not see. Started by the namespaces rung with capabilities and groups reduced already.
 */
function enterRoot(args: readonly string[]): void {
  const lib = koffi.load(null);
  const chroot = lib.func('int chroot(const char *path)');
  const chdir = lib.func('int chdir(const char *path)');
  const setuid = lib.func('int setuid(uint32_t uid)');
  const signal = lib.func('intptr_t signal(int number, intptr_t handler)');
  const fcntl = lib.func('int fcntl(int fd, int command, ...)');
  const execve = lib.func('int execve(const char *path, const char **argv, const char **env)');

  const [uid = '0', cwd = '/', count = '0', ...rest] = args;
  const env = rest.slice(0, Number(count));
  const argv = rest.slice(Number(count));
  const command = argv[0] ?? '';
  const must = (result: unknown, what: string): void => {
    if (result !== 0) fail(`${what}: ${errorName(koffi.errno())}`, 1);
  };
  must(chroot('.'), 'cannot change root directory');
  must(chdir(cwd), `cannot chdir to '${cwd}'`);
  if (uid !== '0') must(setuid(Number(uid)), 'setuid failed');
  // Node ignores SIGPIPE and SIGXFSZ, which the command would inherit, and marks the standard streams close-on-exec.
  for (let number = 1; number <= LAST_SIGNAL; number++) signal(number, SIG_DFL);
  for (const fd of [0, 1, 2]) fcntl(fd, F_SETFD, 'int', 0);

  let denied = 0;
  for (const file of candidates(command, env)) {
    execve(file, [...argv, null], [...env, null]);
    const number = koffi.errno();
    if (number === constants.errno.ENOENT || number === constants.errno.ENOTDIR) continue;
    denied = number;
    if (number !== constants.errno.EACCES) break;
  }
  if (denied) fail(`failed to execute ${command}: ${errorName(denied)}`, 126);
  fail(`failed to execute ${command}: ${errorName(constants.errno.ENOENT)}`, 127);
}

/** As execvp(3): a name without a slash is looked for in PATH. */
function candidates(command: string, env: readonly string[]): string[] {
  if (command.includes('/')) return [command];
  const path = env.find((variable) => variable.startsWith('PATH='))?.slice(5) ?? '/bin:/usr/bin';
  return path.split(':').map((directory) => (directory === '' ? command : `${directory}/${command}`));
}

function errorName(number: number): string {
  const texts: Readonly<Record<number, string>> = {
    [constants.errno.EACCES]: 'Permission denied',
    [constants.errno.ENOENT]: 'No such file or directory',
    [constants.errno.ENOEXEC]: 'Exec format error',
  };
  return texts[number] ?? Object.entries(constants.errno).find(([, value]) => value === number)?.[0] ?? String(number);
}

function fail(message: string, exitCode: number): never {
  writeSync(2, `varve-enter: ${message}\n`);
  process.exit(exitCode);
}

enterRoot(process.argv.slice(2));
