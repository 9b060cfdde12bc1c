import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';

export interface RegistryOptions {
  /** Speaks TLS; with `clientCa` only to clients that it has signed. All are paths. */
  readonly tls?: { readonly cert: string; readonly key: string; readonly clientCa?: string };
  /** Asks for Basic authentication with this one user. */
  readonly htpasswd?: { readonly username: string; readonly password: string };
  /** Asks for bearer tokens, see test/support/token-server.ts. */
  readonly tokenAuth?: {
    readonly realm: string;
    readonly service: string;
    readonly issuer: string;
    readonly certificate: string;
  };
}

export interface TestRegistry extends AsyncDisposable {
  /** `127.0.0.1:40123` */
  readonly host: string;
  stop(): Promise<void>;
}

/** Debian's docker-registry on a random loopback port, with a new empty store. `npm test` installs it. */
export async function startRegistry(options: RegistryOptions = {}): Promise<TestRegistry> {
  const dir = await mkdtemp(join(tmpdir(), 'varve-registry-'));
  try {
    for (let attempt = 1; ; attempt++) {
      const port = await freePort();
      const config = join(dir, 'config.yml');
      await writeFile(config, await configuration(dir, port, options));
      const child = spawn('docker-registry', ['serve', config], { stdio: ['ignore', 'ignore', 'pipe'] });
      const outcome = await listening(child, port, options.tls !== undefined);
      if (outcome === 'listening') return running(child, dir, `127.0.0.1:${port}`);
      if (attempt === 5) throw new Error(`docker-registry (sh scripts/setup.sh) does not start: ${outcome.error}`);
    }
  } catch (error) {
    await rm(dir, { recursive: true, force: true });
    throw error;
  }
}

function running(child: ChildProcess, dir: string, host: string): TestRegistry {
  child.stderr?.resume();
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await ended;
    }
    await rm(dir, { recursive: true, force: true });
  };
  return { host, stop, [Symbol.asyncDispose]: stop };
}

async function configuration(
  dir: string,
  port: number,
  { tls, htpasswd, tokenAuth }: RegistryOptions,
): Promise<string> {
  const lines = [
    'version: 0.1',
    'log: { level: error }',
    `storage: { filesystem: { rootdirectory: ${JSON.stringify(join(dir, 'data'))} }, delete: { enabled: true } }`,
    `http: { addr: "127.0.0.1:${port}", secret: varve-test${tls ? `, tls: ${tlsConfiguration(tls)}` : ''} }`,
  ];
  if (htpasswd) {
    const file = join(dir, 'htpasswd');
    await writeFile(file, `${htpasswd.username}:${await bcrypt(htpasswd.password)}\n`);
    lines.push(`auth: { htpasswd: { realm: varve-test, path: ${JSON.stringify(file)} } }`);
  }
  if (tokenAuth) {
    const file = join(dir, 'certificate.pem');
    await writeFile(file, tokenAuth.certificate);
    const { realm, service, issuer } = tokenAuth;
    lines.push(`auth: { token: ${JSON.stringify({ realm, service, issuer, rootcertbundle: file })} }`);
  }
  return `${lines.join('\n')}\n`;
}

function tlsConfiguration({ cert, key, clientCa }: NonNullable<RegistryOptions['tls']>): string {
  return JSON.stringify({ certificate: cert, key, ...(clientCa ? { clientcas: [clientCa] } : {}) });
}

/** Perl is on every Debian, and libxcrypt knows bcrypt; the cost is the least there is. */
async function bcrypt(password: string): Promise<string> {
  const script = 'print crypt($ARGV[0], q($2b$04$abcdefghijklmnopqrstuu))';
  return (await promisify(execFile)('perl', ['-e', script, password])).stdout;
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

function connects(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  return new Promise((resolve) => {
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

async function listening(child: ChildProcess, port: number, isTls: boolean): Promise<'listening' | { error: string }> {
  let said = '';
  let failed: NodeJS.ErrnoException | undefined;
  child.stderr?.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-2000);
  });
  child.once('error', (error) => {
    failed = error;
  });
  for (let tries = 0; tries < 600; tries++) {
    if (failed) return { error: failed.message };
    if (child.exitCode !== null) return { error: said };
    if (isTls && (await connects(port))) return 'listening';
    const answer = isTls ? undefined : await fetch(`http://127.0.0.1:${port}/v2/`).catch(() => undefined);
    await answer?.body?.cancel();
    if (answer?.headers.get('docker-distribution-api-version')) return 'listening';
    await delay(50);
  }
  child.kill('SIGKILL');
  return { error: `no answer within 30 s: ${said}` };
}
