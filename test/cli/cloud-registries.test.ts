import { readFileSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import test from 'ava';
import { makeAuthority } from '../support/certificates.ts';
import { json, readBody, startFake } from '../support/fake-registry.ts';
import { startForwardProxy } from '../support/forward-proxy.ts';
import { sampleImage } from '../support/sample-image.ts';
import { cliBench } from './support/cli-bench.ts';

const ECR = '123456789012.dkr.ecr.eu-central-1.amazonaws.com';
const ECR_API = 'api.ecr.eu-central-1.amazonaws.com';
const ACR = 'team.azurecr.io';
const AZURE_LOGIN = 'login.microsoftonline.com';
const GOOGLE = 'europe-docker.pkg.dev';
const GOOGLE_TOKENS = 'oauth2.googleapis.com';
const HOSTS = [ECR, ECR_API, ACR, AZURE_LOGIN, GOOGLE, GOOGLE_TOKENS];

const basic = (user: string, password: string): string =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;

test.serial(
  "clouds' token services are asked through the proxy, and an authority of the company's own is trusted there",
  async (t) => {
    const bench = cliBench(t);
    const authority = await makeAuthority(bench.path);
    const { cert, key } = await authority.issue('clouds', HOSTS);
    const image = await sampleImage(['one']);
    const documents = new Map([image.manifest, image.config].map((each) => [each.descriptor.digest as string, each]));
    const form = async (request: IncomingMessage) => new URLSearchParams((await readBody(request)).toString());

    /** Everything in one: it knows by Host whom it plays. */
    await using server = await startFake(
      async (request, response) => {
        const { host = '', authorization } = request.headers;
        const path = new URL(request.url!, `https://${host}`).pathname;
        switch (`${host}${path}`) {
          case `${ECR_API}/`: {
            const authorizationToken = Buffer.from('AWS:from ECR').toString('base64');
            return json(response, 200, { authorizationData: [{ authorizationToken, expiresAt: 4e9 }] });
          }
          case `${GOOGLE_TOKENS}/token`:
            return (await form(request)).get('refresh_token') === 'of google'
              ? json(response, 200, { access_token: 'from google' })
              : json(response, 400, {});
          case `${AZURE_LOGIN}/tenant/oauth2/v2.0/token`:
            return (await form(request)).get('client_secret') === 'of azure'
              ? json(response, 200, { access_token: 'from azure' })
              : json(response, 400, {});
          case `${ACR}/oauth2/exchange`:
            return (await form(request)).get('access_token') === 'from azure'
              ? json(response, 200, { refresh_token: 'refresh' })
              : json(response, 400, {});
          case `${ACR}/oauth2/token`:
            return (await form(request)).get('refresh_token') === 'refresh'
              ? json(response, 200, { access_token: 'acr-token' })
              : json(response, 400, {});
        }
        const wanted: Record<string, string> = {
          [ECR]: basic('AWS', 'from ECR'),
          [GOOGLE]: basic('oauth2accesstoken', 'from google'),
          [ACR]: 'Bearer acr-token',
        };
        if (authorization !== wanted[host]) {
          const challenge =
            host === ACR ? `Bearer realm="https://${ACR}/oauth2/token",service="${ACR}"` : 'Basic realm="r"';
          return json(response, 401, {}, { 'www-authenticate': challenge });
        }
        const name = path.split('/').at(-1)!;
        const found = name === '1' ? image.manifest : documents.get(name);
        if (!found) return json(response, 404, {});
        response.writeHead(200, {
          'content-type': found.descriptor.mediaType,
          'docker-content-digest': found.descriptor.digest,
        });
        response.end(found.bytes);
      },
      { key: readFileSync(key, 'utf8'), certificate: readFileSync(cert, 'utf8') },
    );
    await using proxy = await startForwardProxy(Object.fromEntries(HOSTS.map((host) => [`${host}:443`, server.host])));
    const user = { type: 'authorized_user', client_id: 'c', client_secret: 's', refresh_token: 'of google' };
    const google = join(bench.path, 'google.json');
    writeFileSync(google, JSON.stringify(user));
    const env = {
      HTTPS_PROXY: proxy.url,
      NO_PROXY: '',
      SSL_CERT_FILE: authority.ca,
      DOCKER_CONFIG: join(bench.path, 'none'),
      AWS_ACCESS_KEY_ID: 'AKID',
      AWS_SECRET_ACCESS_KEY: 'aws-secret',
      AZURE_CLIENT_ID: 'client',
      AZURE_TENANT_ID: 'tenant',
      AZURE_CLIENT_SECRET: 'of azure',
      GOOGLE_APPLICATION_CREDENTIALS: google,
    };
    const cases = [
      [ECR, ECR_API],
      [GOOGLE, GOOGLE_TOKENS],
      [ACR, AZURE_LOGIN],
    ] as const;
    for (const [registry, service] of cases) {
      proxy.requests.length = 0;
      const found = await bench.with(env).here('inspect', `${registry}/team/app:1`, '--format', 'json');
      t.is(found.code, 0, found.stderr);
      t.regex(found.stdout, new RegExp(image.manifest.descriptor.digest));
      const through = new Set(proxy.requests);
      t.deepEqual(through, new Set([`CONNECT ${registry}:443`, `CONNECT ${service}:443`]));
    }
    // Azure's token comes from the registry itself, whose authority may be named for it alone.
    const system = { ...env, SSL_CERT_FILE: '/etc/ssl/certs/ca-certificates.crt' };
    const named = [ACR, AZURE_LOGIN].map((host) => `--registry-certificate=${host}=${authority.ca}`);
    const trusted = await bench.with(system).here('inspect', `${ACR}/team/app:1`, '--format', 'json', ...named);
    t.is(trusted.code, 0, trusted.stderr);
    const untrusted = await bench.with(system).here('inspect', `${ECR}/team/app:1`, '--skip-tls-verify');
    t.is(untrusted.code, 1);
    t.regex(untrusted.stderr, /no credentials for .*: api\.ecr\..* gave no answer: .*certificate/);
  },
);
