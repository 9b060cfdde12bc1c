import test from 'ava';
import type { VarveError } from '../../src/errors.ts';
import { digestOf } from '../../src/oci/digest.ts';
import { parseReference, type Reference } from '../../src/oci/reference.ts';
import { pushImage } from '../../src/registry/push-image.ts';
import { json, startFake } from '../support/fake-registry.ts';
import { startRecordingProxy } from '../support/recording-proxy.ts';
import { startRegistry } from '../support/registry.ts';
import { passwordFor, testClient } from '../support/registry-client.ts';
import { sampleImage } from '../support/sample-image.ts';

test('several repositories of one registry: bytes once, the rest mounted; tags after everything else', async (t) => {
  await using registry = await startRegistry();
  await using proxy = await startRecordingProxy(registry.host);
  const image = await sampleImage(['one', 'two']);
  await using client = testClient();
  const names = ['a:1', 'a:2', 'b:1', 'c/d:1'].map((name) => parseReference(`${proxy.host}/${name}`));
  await pushImage(client, image, names);
  t.is(
    client.counts.get('registry.bytes.sent'),
    [...image.layers, image.config.descriptor].reduce((sum, { size }) => sum + size, 0),
  );
  t.is(client.counts.get('registry.mounts'), 2 * 3);
  const writes = proxy.exchanges.filter(({ method }) => method === 'PUT').map(({ path }) => path);
  const firstTag = writes.findIndex((path) => /\/manifests\/[12]$/.test(path));
  t.is(writes.length - firstTag, names.length);
  t.true(writes.slice(firstTag).every((path) => /\/manifests\/[12]$/.test(path)));
});

test('a blob that was deleted since the client saw it there is sent again', async (t) => {
  await using registry = await startRegistry();
  await using proxy = await startRecordingProxy(registry.host);
  const image = await sampleImage(['one', 'two']);
  await using client = testClient();
  const [first, second] = ['app:1', 'app:2'].map((name) => parseReference(`${proxy.host}/${name}`));
  await pushImage(client, image, [first!]);
  const lost = image.layers[1]!;
  const url = `http://${registry.host}/v2/app/blobs/${lost.digest}`;
  t.is((await fetch(url, { method: 'DELETE' })).status, 202);
  const before = client.counts.get('registry.bytes.sent')!;
  await pushImage(client, image, [second!]);
  t.is(client.counts.get('registry.bytes.sent')! - before, lost.size);
  t.is((await fetch(url)).status, 200);
  t.is((await client.headManifest(second!))?.digest, image.manifest.descriptor.digest);
});

test('one registry that refuses leaves no tag anywhere', async (t) => {
  await using good = await startRegistry();
  await using bad = await startFake((_, response) =>
    json(response, 403, { errors: [{ code: 'DENIED', message: 'not yours' }] }),
  );
  const image = await sampleImage(['one']);
  await using client = testClient();
  const [here, there] = [parseReference(`${good.host}/app:1`), parseReference(`${bad.host}/app:1`)];
  await t.throwsAsync(pushImage(client, image, [here, there]), {
    code: 'REGISTRY_DENIED',
    message: / answered 403/,
  });
  t.is(await client.headManifest(here), undefined);
});

test('by digest only: there is no tag', async (t) => {
  await using registry = await startRegistry();
  const image = await sampleImage(['one']);
  await using client = testClient();
  const repository = { registry: registry.host, repository: 'app' };
  await pushImage(client, image, [repository]);
  const { digest } = image.manifest.descriptor;
  t.is((await client.headManifest({ ...repository, digest }))?.digest, digest);
  const tags = await fetch(`http://${registry.host}/v2/app/tags/list`);
  t.deepEqual(((await tags.json()) as { tags: unknown }).tags ?? [], []);
});

const IMMUTABLE = [
  'The repository has enabled tag immutability',
  "The image tag '1' already exists and cannot be overwritten because the tag is immutable.",
  'Failed to process request due to app:1 configured as immutable.',
];

for (const message of IMMUTABLE) {
  test(`an immutable tag: ${message}`, async (t) => {
    await using server = await startFake((request, response) => {
      if (request.method === 'HEAD') return void response.writeHead(200).end();
      request.resume();
      if (request.url!.endsWith('/manifests/1'))
        return json(response, 400, { errors: [{ code: 'TAG_INVALID', message }] });
      response.writeHead(201).end();
    });
    const image = await sampleImage(['one']);
    await using client = testClient();
    const reference = parseReference(`${server.host}/app:1`);
    await t.throwsAsync(pushImage(client, image, [reference]), { code: 'REGISTRY_REFUSED' });
    const ignored: Reference[] = [];
    const onImmutableTag = (tag: Reference, _: VarveError): void => void ignored.push(tag);
    await pushImage(client, image, [reference], { onImmutableTag });
    t.deepEqual(ignored, [reference]);
  });
}

test('permission to push is asked by an upload that is cancelled', async (t) => {
  const user = { username: 'me', password: 'hunter22' };
  await using registry = await startRegistry({ htpasswd: user });
  await using proxy = await startRecordingProxy(registry.host);
  const repository = { registry: proxy.host, repository: 'team/app' };
  await using client = testClient({ credentials: passwordFor(user.username, user.password) });
  await client.checkPush(repository);
  t.deepEqual(
    proxy.exchanges.map(({ method, status }) => `${method} ${status}`),
    ['POST 401', 'POST 202', 'DELETE 204'],
  );
  await using stranger = testClient();
  const error = await t.throwsAsync(stranger.checkPush(repository), { code: 'REGISTRY_AUTH' });
  t.regex(error.message, /^permission to push to .*\/team\/app: .* answered 401: UNAUTHORIZED/);
});

test('a layer that the registry lacks is read from its own URLs, and checked', async (t) => {
  const bytes = Buffer.from('a layer that may not be distributed');
  const blob = { digest: digestOf(bytes), size: bytes.length };
  await using registry = await startFake((_, response) => json(response, 404, { errors: [{ code: 'BLOB_UNKNOWN' }] }));
  await using vendor = await startFake(
    (request, response) => void response.end(request.url === '/wrong' ? Buffer.alloc(bytes.length) : bytes),
  );
  await using client = testClient({ credentials: passwordFor('me', 'hunter22') });
  const repository = { registry: registry.host, repository: 'windows' };
  const read = async (...urls: string[]): Promise<Buffer> => {
    const chunks: Buffer[] = [];
    for await (const chunk of await client.blob(repository, { ...blob, urls })) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks);
  };
  t.deepEqual(await read('ftp://x/y', 'http://127.0.0.1:1/gone', `${vendor.origin}/layer`), bytes);
  t.true(vendor.headers.every(({ authorization }) => authorization === undefined));
  await t.throwsAsync(read(`${vendor.origin}/wrong`), { code: 'REGISTRY_DIGEST_MISMATCH' });
  await t.throwsAsync(read(), { code: 'REGISTRY_NOT_FOUND' });
});
