import { text } from 'node:stream/consumers';
import { Command } from 'commander';
import { VarveError } from '../../errors.ts';
import { systemClock } from '../../io/clock.ts';
import { createRegistryClient } from '../../registry/create-registry-client.ts';
import { createHelperStore } from '../../registry/credential-helper.ts';
import { normalizeAuthKey } from '../../registry/docker-config.ts';
import { createLoginConfig } from '../../registry/login-config.ts';
import { createLog, messageLines } from '../log.ts';
import { proxySettings } from '../proxy-settings.ts';
import { dockerConfigPath } from '../registry-credentials.ts';
import { addRegistryFlags, type RegistryFlags, registryAccess } from '../registry-flags.ts';

interface LoginFlags extends RegistryFlags {
  readonly username?: string;
  readonly password?: string;
  readonly passwordStdin?: boolean;
  readonly verbose?: boolean;
}

/** `varve login`. */
export function loginCommand(signal: AbortSignal, version: string): Command {
  const command = new Command('login')
    .description("Keep a registry's user and password in docker's config.json, or in the helper that it names")
    .argument('[registry]', 'host of the registry', 'docker.io')
    .option('-u, --username <name>', 'the user')
    .option('-p, --password <text>', 'the password, which other processes can see: --password-stdin is better')
    .option('--password-stdin', 'read the password from standard input')
    .option('-v, --verbose', 'also say what is tried and why')
    .action((registry: string, flags: LoginFlags) => login(registry, flags, signal, version));
  return addRegistryFlags(command);
}

/** `varve logout`. */
export function logoutCommand(): Command {
  return new Command('logout')
    .description("Forget a registry's user and password")
    .argument('[registry]', 'host of the registry', 'docker.io')
    .action(async (name: string) => {
      const registry = hostOf(name);
      const isForgotten = await loginConfig().logout(registry);
      process.stdout.write(isForgotten ? `forgot the login for ${registry}\n` : `not logged in to ${registry}\n`);
    });
}

async function login(name: string, flags: LoginFlags, signal: AbortSignal, version: string): Promise<void> {
  const registry = hostOf(name);
  const { username } = flags;
  if (!username) throw usage('--username is missing');
  const password = await passwordOf(flags);
  const credential = { kind: 'password', username, password } as const;
  const client = createRegistryClient({
    credentials: { credential: async () => credential },
    ...registryAccess(flags, process.env),
    userAgent: `varve/${version}`,
    proxies: proxySettings(process.env),
    log: createLog(messageLines(process.stderr), systemClock, flags),
    clock: systemClock,
  });
  try {
    await client.ping(registry, signal);
  } finally {
    await client.close();
  }
  const place = await loginConfig().login(registry, username, password);
  const where = 'helper' in place ? `docker-credential-${place.helper}` : `${place.file}, unencrypted`;
  process.stdout.write(`logged in to ${registry}; the password is in ${where}\n`);
}

async function passwordOf({ password, passwordStdin }: LoginFlags): Promise<string> {
  if (password !== undefined && passwordStdin) throw usage('--password and --password-stdin exclude each other');
  if (password === undefined && !passwordStdin) throw usage('the password is missing: use --password-stdin');
  // A line's end is the shell's, not the password's.
  const given = password ?? (await text(process.stdin)).replace(/\r?\n$/, '');
  if (given === '') throw usage('the password is empty');
  return given;
}

function loginConfig() {
  const { env } = process;
  return createLoginConfig(dockerConfigPath(env), createHelperStore({ env }));
}

/** As users write it: with or without https:// and /v2/. */
function hostOf(name: string): string {
  const registry = normalizeAuthKey(name);
  if (!/^[a-z0-9.:[\]-]+$/.test(registry)) throw usage(`${JSON.stringify(name)} is not the host of a registry`);
  return registry;
}

function usage(why: string): VarveError {
  return new VarveError('USAGE', `varve login: ${why}`, {
    exitCode: 2,
    hint: 'for example: varve login --username NAME --password-stdin registry.example.com <password.txt',
  });
}
