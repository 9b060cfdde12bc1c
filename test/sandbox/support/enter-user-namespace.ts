import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { needsUserNamespace, userNamespaceCommands } from '../../../src/sandbox/user-namespace.ts';
import { TOOL_PATH } from './sandbox-bench.ts';

/** A program: `enter-user-namespace USER-NAME PROGRAM ARGS…` does what varve's command line does at its start. */
const [userName = '', ...args] = process.argv.slice(2);
const text = (path: string): string => readFileSync(path, 'utf8');
const euid = process.geteuid?.() ?? 0;
if (!needsUserNamespace({ euid, status: text('/proc/self/status') })) throw new Error('has CAP_SYS_ADMIN already');
const [command] = userNamespaceCommands(process.execPath, args, {
  euid,
  egid: process.getegid?.() ?? 0,
  ...(userName === '' ? {} : { userName }),
  uidMap: text('/proc/self/uid_map'),
  gidMap: text('/proc/self/gid_map'),
  subuid: text('/etc/subuid'),
  subgid: text('/etc/subgid'),
  toolPath: TOOL_PATH,
});
if (!command) throw new Error('no command');
if (command.warning) process.stderr.write(`${command.warning}\n`);
const { status } = spawnSync(command.file, command.args, { stdio: 'inherit' });
process.exitCode = status ?? 1;
