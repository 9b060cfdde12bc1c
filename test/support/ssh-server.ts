import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { outputOf } from '../../scripts/run-process.ts';
import { makeKey } from '../build/support/ssh-client.ts';
import { freePort } from './registry.ts';

const SSHD = '/usr/sbin/sshd';

/** An sshd of the test's own on a loopback port, which lets one key in, as the user that the test runs as. */
export interface SshServer extends AsyncDisposable {
  /** `ssh://USER@127.0.0.1:PORT` */
  readonly url: string;
  readonly directory: string;
  /** The private key that is let in. */
  readonly key: string;
  /** What to put before PATH, so that ssh's known hosts are not the user's. */
  readonly path: string;
  readonly knownHosts: string;
}

/** Why there can be none here; undefined when there can. */
export function noSshServer(): string | undefined {
  return [SSHD, '/usr/bin/ssh', '/usr/bin/ssh-agent'].every((path) => existsSync(path))
    ? undefined
    : 'needs openssh-server and openssh-client';
}

export async function startSshServer(): Promise<SshServer> {
  const directory = mkdtempSync(join(tmpdir(), 'varve-sshd-'));
  const [hostKey, key, port] = [await makeKey(directory, 'host'), await makeKey(directory, 'user'), await freePort()];
  copyFileSync(`${key}.pub`, join(directory, 'authorized'));
  const settings = [
    'ListenAddress 127.0.0.1',
    `Port ${port}`,
    `HostKey ${hostKey}`,
    `AuthorizedKeysFile ${join(directory, 'authorized')}`,
    'StrictModes no',
    'UsePAM no',
    'PasswordAuthentication no',
    'PermitRootLogin yes',
    'AcceptEnv GIT_PROTOCOL',
    'PidFile none',
  ];
  writeFileSync(join(directory, 'config'), `${settings.join('\n')}\n`);
  // What a service manager makes when it starts sshd as a service.
  if (userInfo().uid === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
  const child = spawn(SSHD, ['-D', '-e', '-f', join(directory, 'config')], { stdio: 'ignore' });
  await listening(child, port);
  const path = join(directory, 'bin');
  const knownHosts = join(directory, 'known_hosts');
  mkdirSync(path);
  writeFileSync(join(path, 'ssh'), `#!/bin/sh\nexec /usr/bin/ssh -o UserKnownHostsFile='${knownHosts}' "$@"\n`);
  chmodSync(join(path, 'ssh'), 0o755);
  return {
    url: `ssh://${userInfo().username}@127.0.0.1:${port}`,
    directory,
    key,
    path,
    knownHosts,
    async [Symbol.asyncDispose]() {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      if (child.kill()) await ended;
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** An agent with a key. */
export async function startAgent(
  directory: string,
  key: string,
): Promise<AsyncDisposable & { readonly socket: string }> {
  const socket = join(directory, 'agent.sock');
  const child = spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore' });
  while (!existsSync(socket)) await sleep(20);
  await outputOf(['env', `SSH_AUTH_SOCK=${socket}`, 'ssh-add', '-q', key]);
  return {
    socket,
    async [Symbol.asyncDispose]() {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      if (child.kill()) await ended;
    },
  };
}

async function listening(child: ChildProcess, port: number): Promise<void> {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`sshd ended with ${child.exitCode}`);
    const answers = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false));
      socket.once('connect', () => socket.destroy());
    });
    if (answers) return;
    await sleep(20);
  }
}
