import { execFile } from 'node:child_process';
import { createPrivateKey, randomUUID, sign } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { RegistryOptions } from './registry.ts';

export interface TokenServer extends AsyncDisposable {
  readonly tokenAuth: NonNullable<RegistryOptions['tokenAuth']>;
  /** The scopes of each token that was asked for. */
  readonly asked: string[][];
}

/** Gives docker-registry's JSON web tokens for every scope to one user; nothing to others. */
export async function startTokenServer(user: { username: string; password: string }): Promise<TokenServer> {
  const { key, certificate } = await makeCertificate();
  const issuer = 'varve-test-issuer';
  const service = 'varve-test-service';
  const asked: string[][] = [];
  const expected = `Basic ${Buffer.from(`${user.username}:${user.password}`).toString('base64')}`;
  const server = createServer((request, response) => {
    const scopes = new URL(request.url ?? '/', 'http://localhost').searchParams.getAll('scope');
    asked.push(scopes);
    if (request.headers.authorization !== expected) {
      response.writeHead(401, { 'content-type': 'application/json' }).end('{"details":"who are you?"}');
      return;
    }
    const now = Math.floor(Date.now() / 1000);
    const access = scopes.map((scope) => {
      const [type, name, actions = ''] = scope.split(':');
      return { type, name, actions: actions.split(',') };
    });
    const claims = {
      iss: issuer,
      sub: user.username,
      aud: service,
      exp: now + 300,
      nbf: now - 10,
      iat: now,
      jti: randomUUID(),
      access,
    };
    const header = { typ: 'JWT', alg: 'RS256', x5c: [certificate.replace(/-----[^-]+-----|\s/g, '')] };
    const text = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
    const token = `${text}.${sign('sha256', Buffer.from(text), createPrivateKey(key)).toString('base64url')}`;
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ token, expires_in: 300 }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const realm = `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`;
  return {
    tokenAuth: { realm, service, issuer, certificate },
    asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A self-signed certificate for 127.0.0.1 and localhost, by openssl. */
export async function makeCertificate(): Promise<{ key: string; certificate: string }> {
  const dir = await mkdtemp(join(tmpdir(), 'varve-cert-'));
  try {
    const [keyFile, certFile] = [join(dir, 'key.pem'), join(dir, 'cert.pem')];
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
    const output = ['-keyout', keyFile, '-out', certFile, '-days', '2'];
    await promisify(execFile)('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', ...subject, ...output]);
    return { key: await readFile(keyFile, 'utf8'), certificate: await readFile(certFile, 'utf8') };
  } finally {
    await rm(dir, { recursive: true });
  }
}
