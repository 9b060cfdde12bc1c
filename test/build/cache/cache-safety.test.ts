import { execFile } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import type { CachePlace } from '../../../src/build/cache/cache-options.ts';
import { createRecordSigner } from '../../../src/registry/record-signer.ts';
import { startFake } from '../../support/fake-registry.ts';
import type { Built } from '../support/build-bench.ts';
import { type CacheBench, cacheBench } from '../support/cache-bench.ts';

const statuses = ({ steps }: Built) => steps.map(({ id, status }) => `${id} ${status}`);
const digestOf = ({ image }: Built) =>
  image.layers.map(({ descriptor, diffId }) => `${descriptor.digest} ${diffId}`).join();
const DOCKERFILE = 'FROM scratch\nCOPY a /a\nCOPY b /b\n';
const HITS = ['0.1 hit', '0.2 hit'];

/** A repository that has the records of two COPYs, and what their build gave. */
async function prepared(bench: CacheBench) {
  const context = bench.directory('context', { a: 'a', b: 'b' });
  const first = await bench.cached(DOCKERFILE, context, { store: 'first' });
  bench.proxy.clear();
  return { context, first, layers: first.image.layers.map(({ descriptor }) => descriptor.digest) };
}

/** The bytes of every file of the image, which needs every layer. */
const readAll: NonNullable<Parameters<CacheBench['build']>[2]>['inspect'] = async (image, services) => {
  await services.files.lower(image.layers);
};

test('a layer that is gone is a miss and a warning', async (t) => {
  const bench = await cacheBench(t);
  const { context, first, layers } = await prepared(bench);
  bench.proxy.intervene = (request, response) => {
    if (request.method !== 'HEAD' || !request.url?.endsWith(layers[0]!)) return undefined;
    response.writeHead(404).end();
    return true;
  };
  const second = await bench.cached(DOCKERFILE, context, { store: 'second' });
  t.deepEqual(statuses(second), ['0.1 done', '0.2 hit']);
  t.is(second.warnings.filter((text) => text.includes('its layer is gone')).length, 1);
  t.is(digestOf(second), digestOf(first));
});

test('a layer that turns out to be gone, cut or changed when it is pulled: its step is done again', async (t) => {
  const bench = await cacheBench(t);
  const { context, first, layers } = await prepared(bench);
  const damages: Record<string, (body: Buffer) => Buffer> = {
    cut: (body) => body.subarray(0, body.length - 1),
    longer: (body) => Buffer.concat([body, Buffer.from('x')]),
    changed: (body) => Buffer.from(body.map((byte, i) => (i === body.length >> 1 ? byte ^ 1 : byte))),
  };
  for (const [name, damage] of Object.entries(damages)) {
    bench.proxy.change = (path, body) => (path.endsWith(layers[0]!) ? damage(body) : body);
    const built = await bench.cached(DOCKERFILE, context, { store: name, inspect: readAll });
    t.true(statuses(built).includes('0.1 done'), name);
    t.is(built.warnings.filter((text) => text.includes('its step is done again')).length, 1, name);
    t.is(digestOf(built), digestOf(first), name);
  }
  bench.proxy.change = undefined;
  bench.proxy.intervene = (request, response) => {
    if (request.method !== 'GET' || !request.url?.endsWith(layers[1]!)) return undefined;
    response.writeHead(404).end();
    return true;
  };
  const gone = await bench.cached(DOCKERFILE, context, { store: 'gone', inspect: readAll });
  t.true(statuses(gone).includes('0.2 done'));
  t.is(digestOf(gone), digestOf(first));
});

test('a list of changes that is damaged or lies is not used: the layer is read', async (t) => {
  const bench = await cacheBench(t);
  const { context, first, layers } = await prepared(bench);
  const more = `${DOCKERFILE}COPY a /c\n`;
  const clean = await bench.cached(more, context, { store: 'clean', cache: bench.options() });
  bench.proxy.change = (path, body) =>
    path.includes('/cache/blobs/') && !layers.some((layer) => path.endsWith(layer))
      ? Buffer.from(body.map((byte, i) => (i === 9 ? byte ^ 1 : byte)))
      : body;
  const read = `${DOCKERFILE}COPY b /c\n`;
  const built = await bench.cached(read, context, { store: 'damaged' });
  t.deepEqual(statuses(built), [...HITS, '0.3 done']);
  t.deepEqual(
    built.image.layers.slice(0, 2).map(({ diffId }) => diffId),
    first.image.layers.map(({ diffId }) => diffId),
  );
  t.is(clean.warnings.length, 0);
});

test('a record that is too old is a miss and a warning', async (t) => {
  const bench = await cacheBench(t);
  const { context } = await prepared(bench);
  await new Promise((resolve) => setTimeout(resolve, 5));
  const old = await bench.cached(DOCKERFILE, context, { store: 'old', cache: bench.options({ ttlMs: 1 }) });
  t.deepEqual(statuses(old), ['0.1 done', '0.2 done']);
  t.is(old.warnings.filter((text) => text.includes('--cache-ttl')).length, 1);
  const young = await bench.cached(DOCKERFILE, context, { store: 'young', cache: bench.options({ ttlMs: 3_600_000 }) });
  t.deepEqual(statuses(young), HITS);
});

test('with a key only its own records are used', async (t) => {
  const bench = await cacheBench(t);
  const { context } = await prepared(bench);
  const { privateKey, publicKey } = generateKeyPairSync('ed25519', {
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  const build = (store: string, key: string | undefined) =>
    bench.cached(DOCKERFILE, context, {
      store,
      cache: bench.options(key === undefined ? {} : { signer: createRecordSigner(Buffer.from(key)) }),
    });
  const unsigned = await build('signing', privateKey);
  t.deepEqual(statuses(unsigned), ['0.1 done', '0.2 done']);
  t.is(unsigned.warnings.filter((text) => text.includes('not signed')).length, 1);
  t.deepEqual(statuses(await build('verifying', publicKey)), HITS);
  const other = await build('other', 'another secret of some length');
  t.deepEqual(statuses(other), ['0.1 done', '0.2 done']);
  t.is(other.warnings.filter((text) => text.includes('signature')).length, 1);
  // What came without a signature before is not trusted later.
  t.deepEqual(statuses(await build('plain', undefined)), HITS);
  t.deepEqual(statuses(await build('plain', privateKey)), ['0.1 done', '0.2 done']);
});

test('a registry that refuses everything, is silent, overloaded or gone costs one warning', async (t) => {
  const bench = await cacheBench(t);
  const context = bench.directory('context', { a: 'a', b: 'b' });
  const answers: Record<string, number | undefined> = { '429': 429, '500': 500, '401': 401, silent: undefined };
  const builds = Object.entries(answers).map(async ([name, status]) => {
    await using fake = await startFake((_, response) => {
      if (status !== undefined) response.writeHead(status, { 'retry-after': '1' }).end();
    });
    return [name, await buildWith(fake.host, name)] as const;
  });
  const gone = await startFake(() => {});
  await gone[Symbol.asyncDispose]();
  builds.push(buildWith(gone.host, 'gone').then((built) => ['gone', built] as const));
  for (const [name, built] of await Promise.all(builds)) {
    t.deepEqual(statuses(built), ['0.1 done', '0.2 done'], name);
    const told = built.warnings.filter((text) => text.includes('the cache'));
    t.true(told.length >= 1 && told.length <= 2, `${name}: ${told.join('\n')}`);
    t.is(new Set(told.map((text) => text.split(' the cache')[0])).size, told.length, name);
  }

  function buildWith(host: string, store: string): Promise<Built> {
    const place: CachePlace = { kind: 'registry', repository: { registry: host, repository: 'cache' }, tagPrefix: '' };
    return bench.build(DOCKERFILE, context, { store, cache: { from: [place], to: { place, mode: 'max' } } });
  }
});

test('a read-only registry is read', async (t) => {
  const bench = await cacheBench(t);
  const { context } = await prepared(bench);
  bench.proxy.intervene = (request, response) => {
    if (request.method === 'GET' || request.method === 'HEAD') return undefined;
    request.resume();
    response.writeHead(405, { 'content-type': 'application/json' }).end('{"errors":[{"code":"UNSUPPORTED"}]}');
    return true;
  };
  const built = await bench.cached(`${DOCKERFILE}COPY a /c\nCOPY b /d\n`, context, { store: 'other' });
  t.deepEqual(statuses(built), [...HITS, '0.3 done', '0.4 done']);
  t.is(built.warnings.length, 1);
  t.regex(built.warnings[0] ?? '', /^writing to the cache .*405/);
});

test('ordinary tools show a record, and a directory is a cache too', async (t) => {
  const bench = await cacheBench(t);
  const { context, first, layers } = await prepared(bench);
  const { stdout } = await promisify(execFile)('skopeo', [
    'list-tags',
    '--tls-verify=false',
    `docker://${bench.proxy.host}/cache`,
  ]);
  const { Tags } = JSON.parse(stdout) as { Tags: string[] };
  // Each step's two keys and its slot, and what the build was made of.
  t.is(Tags.length, 7);
  for (const tag of Tags) {
    const inspected = await promisify(execFile)('skopeo', [
      'inspect',
      '--tls-verify=false',
      `docker://${bench.proxy.host}/cache:${tag}`,
    ]);
    const { Layers } = JSON.parse(inspected.stdout) as { Layers: string[] };
    t.is(
      layers.some((layer) => layer === Layers[0]),
      !tag.startsWith('builds-'),
    );
  }

  const place: CachePlace = { kind: 'layout', path: join(bench.path, 'layout') };
  const cache = { from: [place], to: { place, mode: 'max' as const } };
  t.deepEqual(statuses(await bench.build(DOCKERFILE, context, { store: 'dir-1', cache })), ['0.1 done', '0.2 done']);
  t.true(statSync(join(place.path, 'index.json')).isFile());
  const second = await bench.build(DOCKERFILE, context, { store: 'dir-2', cache, inspect: readAll });
  t.deepEqual(statuses(second), HITS);
  t.deepEqual(second.warnings, []);
  t.is(second.image.layers.length, first.image.layers.length);
  const index = await promisify(execFile)('skopeo', ['inspect', `oci:${place.path}:${Tags[0]}`]).catch(() => undefined);
  t.truthy(index, 'the keys are the same in every place');
  for (const digest of second.image.layers.map(({ descriptor }) => descriptor.digest))
    rmSync(join(place.path, 'blobs/sha256', digest.slice('sha256:'.length)));
  const lost = await bench.build(DOCKERFILE, context, { store: 'dir-3', cache });
  t.deepEqual(statuses(lost), ['0.1 done', '0.2 done']);
});
