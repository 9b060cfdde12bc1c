import { copyFileSync, existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { outputOf } from '../../../scripts/run-process.ts';

const PROGRAMS = ['/usr/bin/ssh-add', '/usr/bin/ssh-keygen'];

/** Why ssh cannot be tested here; undefined when it can. */
export function noSshClient(): string | undefined {
  return [...PROGRAMS, '/usr/bin/ssh-agent'].every((path) => existsSync(path)) ? undefined : 'needs openssh-client';
}

/** Puts this machine's ssh-add and ssh-keygen into a directory, with the libraries that they load. */
export async function copySshClient(directory: string): Promise<void> {
  for (const program of PROGRAMS) {
    const libraries = (await outputOf(['ldd', program])).match(/\/\S+/g) ?? [];
    for (const path of [program, ...libraries.filter((name) => existsSync(name))]) {
      mkdirSync(dirname(join(directory, path)), { recursive: true });
      copyFileSync(path, join(directory, path));
    }
  }
}

/** Makes a key pair without a passphrase, unless given one; the private key's path. */
export async function makeKey(directory: string, name: string, passphrase = ''): Promise<string> {
  const path = join(directory, name);
  await outputOf(['ssh-keygen', '-q', '-t', 'ed25519', '-N', passphrase, '-C', name, '-f', path]);
  return path;
}
