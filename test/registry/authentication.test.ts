import type { IncomingMessage, ServerResponse } from 'node:http';
import test from 'ava';
import { digestOf } from '../../src/oci/digest.ts';
import { OCI_MANIFEST } from '../../src/oci/media-types.ts';
import { parseReference } from '../../src/oci/reference.ts';
import type { Credential } from '../../src/registry/credential-source.ts';
import { type FakeServer, json, readBody, startFake } from '../support/fake-registry.ts';
import { passwordFor, testClient } from '../support/registry-client.ts';

const MANIFEST = Buffer.from('{"schemaVersion":2,"config":{},"layers":[]}');

/** A registry that takes the tokens of `valid` only, and a token endpoint on the same server. */
async function tokenRegistry(options: {
  valid: Set<string>;
  token: (url: URL, request: IncomingMessage, response: ServerResponse) => void | Promise<void>;
}): Promise<FakeServer> {
  const server: FakeServer = await startFake((request, response) => {
    const url = new URL(request.url ?? '/', 'http://x');
    if (url.pathname === '/token') return options.token(url, request, response);
    const [, token] = (request.headers.authorization ?? '').split(' ');
    if (token === undefined || !options.valid.has(token)) {
      const challenge = `Bearer realm="${server.origin}/token",service="svc",scope="repository:app:pull"`;
      return json(
        response,
        401,
        { errors: [{ code: 'UNAUTHORIZED', message: 'no' }] },
        { 'www-authenticate': challenge },
      );
    }
    response.writeHead(200, { 'content-type': OCI_MANIFEST }).end(request.method === 'HEAD' ? undefined : MANIFEST);
  });
  return server;
}

test('a token is asked for once, with scope, service and password, and used again', async (t) => {
  const seen: URL[] = [];
  await using server = await tokenRegistry({
    valid: new Set(['token-1']),
    token(url, request, response) {
      seen.push(url);
      t.is(request.headers.authorization, `Basic ${Buffer.from('me:pässword').toString('base64')}`);
      json(response, 200, { token: 'token-1', expires_in: 300 });
    },
  });
  await using client = testClient({ credentials: passwordFor('me', 'pässword') });
  const reference = parseReference(`${server.host}/app:1`);
  const found = await Promise.all([client.manifest(reference), client.manifest(reference)]);
  await client.manifest(reference);
  t.is(found[0].descriptor.digest, digestOf(MANIFEST));
  t.is(seen.length, 1);
  t.deepEqual(seen[0]?.searchParams.getAll('scope'), ['repository:app:pull']);
  t.is(seen[0]?.searchParams.get('service'), 'svc');
  t.is(client.counts.get('registry.tokens'), 1);
  t.true(server.headers.every((headers) => headers['user-agent'] === 'varve-test/1'));
});

test('a token is renewed when its time is over, and when the registry refuses it', async (t) => {
  const valid = new Set<string>();
  let given = 0;
  await using server = await tokenRegistry({
    valid,
    token(_, __, response) {
      const token = `token-${++given}`;
      valid.clear();
      valid.add(token);
      json(response, 200, { access_token: token, expires_in: 100 });
    },
  });
  let now = 0;
  await using client = testClient({ clock: { now: () => now, monotonic: () => now } });
  const reference = parseReference(`${server.host}/app:1`);
  await client.manifest(reference);
  now = 89_000;
  await client.manifest(reference);
  t.is(given, 1);
  now = 91_000;
  await client.manifest(reference);
  t.is(given, 2);
  const before = server.requests.length;
  valid.clear();
  await client.manifest(reference);
  t.is(given, 3);
  t.is(server.requests.length - before, 3, 'refused, token, accepted');
});

test('a registry that refuses every token is asked a few times only', async (t) => {
  await using server = await tokenRegistry({
    valid: new Set(),
    token: (_, __, response) => json(response, 200, { token: `t-${Math.random()}` }),
  });
  await using client = testClient();
  const error = await t.throwsAsync(client.manifest(parseReference(`${server.host}/app:1`)), { code: 'REGISTRY_AUTH' });
  t.regex(error.message, /app:1: .* answered 401: UNAUTHORIZED: no/);
  t.true(server.requests.length <= 5);
});

test('different scopes have different tokens; a push asks for pull and push, a mount for the other repository too', async (t) => {
  const scopes: string[][] = [];
  let uploads = 0;
  const server: FakeServer = await startFake((request, response) => {
    const url = new URL(request.url ?? '/', 'http://x');
    if (url.pathname === '/token') {
      scopes.push(url.searchParams.getAll('scope'));
      return json(response, 200, { token: `for-${url.searchParams.getAll('scope').join('+')}` });
    }
    if (!request.headers.authorization) {
      response.writeHead(401, { 'www-authenticate': `Bearer realm="${server.origin}/token"` }).end();
    } else if (request.method === 'HEAD') response.writeHead(404).end();
    else if (url.searchParams.get('mount')) {
      uploads++;
      response.writeHead(201, { location: '/v2/app/blobs/x' }).end();
    } else response.writeHead(500).end();
  });
  await using _ = server;
  await using client = testClient();
  const repository = { registry: server.host, repository: 'app' };
  const from = { registry: server.host, repository: 'base' };
  const bytes = Buffer.from('x');
  const result = await client.pushBlob(repository, { digest: digestOf(bytes), size: 1, from }, () => {
    throw new Error('nothing is to be sent');
  });
  t.is(result, 'mounted');
  t.is(uploads, 1);
  t.deepEqual(scopes, [['repository:app:pull,push'], ['repository:app:pull,push', 'repository:base:pull']]);
});

test('an identity token is exchanged by POST', async (t) => {
  const forms: URLSearchParams[] = [];
  await using server = await tokenRegistry({
    valid: new Set(['exchanged']),
    async token(_, request, response) {
      t.is(request.method, 'POST');
      forms.push(new URLSearchParams((await readBody(request)).toString()));
      json(response, 200, { access_token: 'exchanged', expires_in: 60 });
    },
  });
  const credential: Credential = { kind: 'identity-token', token: 'refresh-me' };
  await using client = testClient({ credentials: { credential: async () => credential } });
  await client.manifest(parseReference(`${server.host}/app:1`));
  t.is(forms.length, 1);
  t.is(forms[0]?.get('grant_type'), 'refresh_token');
  t.is(forms[0]?.get('refresh_token'), 'refresh-me');
  t.is(forms[0]?.get('scope'), 'repository:app:pull');
});

test('secrets are in no message and no log line, even when the server repeats them', async (t) => {
  const lines: string[] = [];
  const log = { warn: (line: string) => void lines.push(line), debug: (line: string) => void lines.push(line) };
  await using server = await tokenRegistry({
    valid: new Set(),
    token: (url, request, response) =>
      json(response, 401, {
        errors: [{ code: 'DENIED', message: `${url.search} ${request.headers.authorization} hunter22` }],
      }),
  });
  await using client = testClient({ credentials: passwordFor('me', 'hunter22'), log });
  const error = await t.throwsAsync(client.manifest(parseReference(`${server.host}/app:1`)), { code: 'REGISTRY_AUTH' });
  const all = [error.message, ...lines].join('\n');
  t.false(all.includes('hunter22'));
  t.false(all.includes(Buffer.from('me:hunter22').toString('base64')));
  t.regex(error.message, /token for .* DENIED/);
});

test('a token endpoint that fails for a while is asked again', async (t) => {
  let asked = 0;
  await using server = await tokenRegistry({
    valid: new Set(['t']),
    token: (_, __, response) => (++asked < 3 ? json(response, 503, {}) : json(response, 200, { token: 't' })),
  });
  await using client = testClient();
  await client.manifest(parseReference(`${server.host}/app:1`));
  t.is(asked, 3);
});

test('an abort ends the wait for a token that another request waits for too', async (t) => {
  const asked = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<void>();
  await using server = await tokenRegistry({
    valid: new Set(['t']),
    async token(_, __, response) {
      asked.resolve();
      await answer.promise;
      json(response, 200, { token: 't' });
    },
  });
  await using client = testClient();
  const controller = new AbortController();
  const reference = parseReference(`${server.host}/app:1`);
  const aborted = client.manifest(reference, controller.signal);
  const patient = client.manifest(reference);
  await asked.promise;
  const reason = new Error('enough');
  controller.abort(reason);
  t.is(await t.throwsAsync(aborted), reason);
  answer.resolve();
  t.is((await patient).descriptor.digest, digestOf(MANIFEST));
});
