import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import test from 'ava';
import { digestOf } from '../../src/oci/digest.ts';
import { parseReference } from '../../src/oci/reference.ts';
import { defaultRegistryLimits } from '../../src/registry/create-registry-client.ts';
import { pushImage } from '../../src/registry/push-image.ts';
import { json, readBody, startFake } from '../support/fake-registry.ts';
import { startRegistry } from '../support/registry.ts';
import { passwordFor, testClient } from '../support/registry-client.ts';
import { sampleImage } from '../support/sample-image.ts';

const BLOB = randomBytes(1000);
const blob = { digest: digestOf(BLOB), size: BLOB.length };

test('a redirect to a storage service is followed without credentials; a circle of them ends', async (t) => {
  await using storage = await startFake((request, response) => {
    if (request.url?.startsWith('/round')) response.writeHead(307, { location: '/round' }).end();
    else response.end(BLOB);
  });
  await using registry = await startFake((request, response) => {
    if (!request.headers.authorization) return json(response, 401, {}, { 'www-authenticate': 'Basic realm="r"' });
    const place = request.url?.includes('/round/') ? 'round' : 'blob?signature=s3cret';
    response.writeHead(307, { location: `${storage.origin}/${place}` }).end();
  });
  await using client = testClient({ credentials: passwordFor('me', 'hunter22') });
  const found = await buffer(await client.blob({ registry: registry.host, repository: 'app' }, blob));
  t.deepEqual(found, BLOB);
  t.is(client.counts.get('registry.redirects'), 1);
  const error = await t.throwsAsync(client.blob({ registry: registry.host, repository: 'round' }, blob), {
    code: 'REGISTRY_PROTOCOL',
    message: /more than 5 redirects/,
  });
  t.false(/s3cret|hunter22/.test(error.message));
  t.deepEqual(
    storage.headers.map(({ authorization }) => authorization),
    storage.requests.map(() => undefined),
  );
});

test('Retry-After is waited for, up to two minutes; what an error says is bounded', async (t) => {
  const answers = ['7', '121'];
  await using registry = await startFake((_, response) => {
    const message = 'slow down '.repeat(50_000);
    json(response, 429, { errors: [{ code: 'TOOMANYREQUESTS', message }] }, { 'retry-after': answers.shift() ?? '0' });
  });
  await using client = testClient();
  const error = await t.throwsAsync(client.manifest(parseReference(`${registry.host}/app:1`)), {
    message: /answered 429: .*slow down/i,
  });
  t.deepEqual(client.waits, [7000], 'then it asks for too much');
  t.true(error.message.length < 2000, `${error.message.length} characters`);
});

/** A registry that takes an upload in one way only. */
async function picky(takes: (method: string, length: number) => boolean, headers: Record<string, string> = {}) {
  let stored = Buffer.alloc(0);
  const taken: string[] = [];
  const server = await startFake(async (request, response) => {
    const body = await readBody(request);
    const { method = '', url = '' } = request;
    if (method === 'HEAD') return void response.writeHead(404).end();
    if (method === 'POST') {
      stored = Buffer.alloc(0);
      return void response.writeHead(202, { location: '/v2/app/blobs/uploads/1', ...headers }).end();
    }
    if (body.length > 0 && !takes(method, body.length)) return json(response, method === 'PATCH' ? 413 : 405, {});
    stored = Buffer.concat([stored, body]);
    if (body.length) taken.push(`${method} ${body.length}`);
    if (method === 'PATCH')
      return void response.writeHead(202, { location: url, range: `0-${stored.length - 1}` }).end();
    response.writeHead(201).end();
  });
  return { server, taken, stored: () => stored };
}

const BIG = randomBytes(5 * 1024 * 1024);
const MIB = 1024 * 1024;

for (const [what, takes, headers, chunkBytes, expected] of [
  [
    'one that refuses large chunks gets smaller ones',
    (_: string, length: number) => length <= MIB,
    {},
    4 * MIB,
    Array(5).fill(`PATCH ${MIB}`),
  ],
  [
    'one that takes no blob at once gets chunks',
    (method: string) => method === 'PATCH',
    {},
    64 * MIB,
    [`PATCH ${1.25 * MIB}`, `PATCH ${1.25 * MIB}`, `PATCH ${1.25 * MIB}`, `PATCH ${1.25 * MIB}`],
  ],
  [
    'one that says the least size of a chunk gets no smaller ones',
    () => true,
    { 'oci-chunk-min-length': String(3 * MIB) },
    MIB,
    [`PATCH ${3 * MIB}`, `PATCH ${2 * MIB}`],
  ],
] as const) {
  test(`uploads: ${what}`, async (t) => {
    const { server, taken, stored } = await picky(takes, headers);
    await using _ = server;
    await using client = testClient({ limits: { ...defaultRegistryLimits, chunkBytes } });
    const open = () => Readable.from([Buffer.from(BIG)], { objectMode: false });
    const pushed = { digest: digestOf(BIG), size: BIG.length };
    t.is(await client.pushBlob({ registry: server.host, repository: 'app' }, pushed, open), 'uploaded');
    t.deepEqual(taken, expected);
    t.is(digestOf(stored()), pushed.digest);
  });
}

test('what was deleted from the registry is missed by name, and pushed again', async (t) => {
  await using registry = await startRegistry();
  await using client = testClient();
  const image = await sampleImage(['one', 'two']);
  const reference = parseReference(`${registry.host}/app:1`);
  // As a new process each time: a client knows what it has sent.
  const push = async (): Promise<void> => {
    await using pusher = testClient();
    await pushImage(pusher, image, [reference]);
  };
  await push();
  const remove = async (path: string): Promise<void> => {
    const { status } = await fetch(`http://${registry.host}/v2/app/${path}`, { method: 'DELETE' });
    t.is(status, 202, path);
  };
  const [layer] = image.layers;
  await remove(`blobs/${layer!.digest}`);
  await t.throwsAsync(client.blob(reference, layer!), {
    code: 'REGISTRY_NOT_FOUND',
    message: new RegExp(`blob ${layer!.digest}.*404`),
  });
  await push();
  t.is(digestOf(await buffer(await client.blob(reference, layer!))), layer!.digest);
  await remove(`manifests/${image.manifest.descriptor.digest}`);
  t.is(await client.headManifest(reference), undefined);
  await t.throwsAsync(client.manifest(reference), { code: 'REGISTRY_NOT_FOUND', message: /app:1.*404/ });
  await push();
  t.is((await client.manifest(reference)).descriptor.digest, image.manifest.descriptor.digest);
});
