import { text } from 'node:stream/consumers';
import test from 'ava';
import { mirrorsOf } from '../../src/cli/registry-flags.ts';
import { digestOf } from '../../src/oci/digest.ts';
import { OCI_MANIFEST } from '../../src/oci/media-types.ts';
import { parseReference } from '../../src/oci/reference.ts';
import { type MirrorOptions, mirroredClient } from '../../src/registry/mirrored-client.ts';
import { type Handler, startFake } from '../support/fake-registry.ts';
import { testClient } from '../support/registry-client.ts';

const MANIFEST = Buffer.from('{"schemaVersion":2,"config":{},"layers":[]}');
const BLOB = Buffer.from('layer');
const has: Handler = (request, response) => {
  const isBlob = request.url!.includes('/blobs/');
  const body = isBlob ? BLOB : MANIFEST;
  response.writeHead(200, { 'content-type': OCI_MANIFEST, 'content-length': body.length });
  response.end(request.method === 'HEAD' ? undefined : body);
};
const hasNot: Handler = (_, response) => void response.writeHead(404).end();
const fails: Handler = (_, response) => void response.writeHead(503).end();

const ROWS: readonly [string, first: Handler | 'gone', second: Handler, fallback: boolean, asked: string[] | RegExp][] =
  [
    ['the first mirror that has it', has, has, true, ['first']],
    ['one without it is passed over', hasNot, has, true, ['first', 'second']],
    ['one that fails is passed over', fails, has, true, ['first', 'second']],
    ['one that is gone is passed over', 'gone', has, true, ['second']],
    ['the registry itself comes last', hasNot, hasNot, true, ['first', 'second', 'own']],
    ['and not when it is not wanted', hasNot, hasNot, false, /second.* answered 404/],
  ];

for (const [name, first, second, fallback, asked] of ROWS) {
  test(name, async (t) => {
    await using one = await startFake(first === 'gone' ? hasNot : first);
    await using two = await startFake(second);
    await using own = await startFake(has);
    if (first === 'gone') await one[Symbol.asyncDispose]();
    const names: Record<string, string> = { [one.host]: 'first', [two.host]: 'second', [own.host]: 'own' };
    const options: MirrorOptions = {
      maps: [
        { from: own.host, to: one.host, prefix: 'proxy/hub/' },
        { from: own.host, to: two.host, prefix: '' },
        { from: 'elsewhere.test', to: 'never.test', prefix: '' },
      ],
      fallback,
      log: { warn: () => {}, debug: () => {} },
    };
    await using plain = testClient();
    const client = mirroredClient(plain, options);
    const reference = parseReference(`${own.host}/team/app:1`);
    if (asked instanceof RegExp) {
      const error = await t.throwsAsync(client.manifest(reference));
      t.regex(error.message.replace(two.host, 'second'), asked);
      t.deepEqual(own.requests, []);
      return;
    }
    t.is((await client.manifest(reference)).descriptor.digest, digestOf(MANIFEST));
    const blob = { digest: digestOf(BLOB), size: BLOB.length };
    t.is(await text(await client.blob(reference, blob)), 'layer');
    t.is((await client.headManifest(reference))?.digest, digestOf(MANIFEST));
    const seen = [one, two, own].filter((server) => server.requests.length > 0).map(({ host }) => names[host]!);
    t.deepEqual(seen, asked);
    t.true(one.requests.every((request) => request.includes('/v2/proxy/hub/team/app/')));
    t.true(own.requests.every((request) => request.includes('/v2/team/app/')));
  });
}

test('a mirror that sends other bytes than a digest says is passed over; pushes never go to a mirror', async (t) => {
  await using liar = await startFake((_, response) => void response.end('something else'));
  await using own = await startFake(has);
  await using plain = testClient();
  const maps = [{ from: own.host, to: liar.host, prefix: '' }];
  const client = mirroredClient(plain, { maps, fallback: true, log: { warn: () => {}, debug: () => {} } });
  const reference = parseReference(`${own.host}/app@${digestOf(MANIFEST)}`);
  t.is((await client.manifest(reference)).descriptor.digest, digestOf(MANIFEST));
  const before = liar.requests.length;
  t.is(
    await client.pushBlob(reference, { digest: digestOf(BLOB), size: 5 }, () => {
      throw new Error('not sent');
    }),
    'exists',
  );
  t.is(liar.requests.length, before);
});

test('flags and kaniko’s variables make maps', (t) => {
  const flags = {
    registryMirror: ['mirror.gcr.io', 'https://cache.test:5000/hub/'],
    registryMap: ['index.docker.io=a.test;gcr.io=b.test/x', 'quay.io=c.test'],
    skipDefaultRegistryFallback: true,
  };
  const env = { KANIKO_REGISTRY_MIRROR: 'env.test', KANIKO_REGISTRY_MAP: 'ghcr.io=d.test' };
  t.deepEqual(mirrorsOf(flags, env), {
    fallback: false,
    maps: [
      { from: 'docker.io', to: 'a.test', prefix: '' },
      { from: 'gcr.io', to: 'b.test', prefix: 'x/' },
      { from: 'quay.io', to: 'c.test', prefix: '' },
      { from: 'ghcr.io', to: 'd.test', prefix: '' },
      { from: 'docker.io', to: 'mirror.gcr.io', prefix: '' },
      { from: 'docker.io', to: 'cache.test:5000', prefix: 'hub/' },
      { from: 'docker.io', to: 'env.test', prefix: '' },
    ],
  });
  for (const registryMap of [['a.test'], ['=b'], ['a.test='], ['a.test=http://b.test'], ['a.test=b c']])
    t.throws(() => mirrorsOf({ registryMirror: [], registryMap }, {}), { code: 'USAGE' });
});
