import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import test, { type ExecutionContext } from 'ava';
import { attestationManifest } from '../../src/attest/attestation-manifest.ts';
import { VarveError } from '../../src/errors.ts';
import { createLimiter } from '../../src/io/limiter.ts';
import { digestHex, digestOf } from '../../src/oci/digest.ts';
import { parseReference, type Reference } from '../../src/oci/reference.ts';
import { defaultRegistryLimits } from '../../src/registry/create-registry-client.ts';
import type { ImageContent } from '../../src/registry/image-content.ts';
import { pushImage } from '../../src/registry/push-image.ts';
import { referrersTag } from '../../src/registry/push-referrer.ts';
import type { RegistryClient } from '../../src/registry/registry-client.ts';
import { type Fault, startFaultyProxy } from '../support/faulty-proxy.ts';
import { startRegistry } from '../support/registry.ts';
import { passwordFor, testClient } from '../support/registry-client.ts';
import { sampleImage } from '../support/sample-image.ts';
import { startTokenServer } from '../support/token-server.ts';

/** Faults that every single request must survive, and those that may end in a clear error too. */
const SURVIVED: readonly Fault[] = [
  'refused',
  'request cut',
  'answer lost',
  'answer cut in its head',
  'answer cut in its body',
  'done, and answered 500',
  'answered 429',
  'answered 500',
  'answered 503',
  'delayed',
  'never answered',
];
const TOLD: readonly Fault[] = ['done twice', 'answer changed'];
/** Short silences, and chunks so small that an upload has several. */
const limits = { ...defaultRegistryLimits, silenceMs: 1500, uploadSilenceMs: 1500, chunkBytes: 40_000 };
const AT_ONCE = 4;

async function image() {
  // Hex compresses to about a half, which is sent in three chunks; the other layer goes in one request.
  return sampleImage([randomBytes(90_000).toString('hex'), 'small']);
}
type Sample = Awaited<ReturnType<typeof image>>;

/** All of an image, read back and compared; false when the tag is not there. */
async function isWhole(
  t: ExecutionContext,
  client: RegistryClient,
  reference: Reference,
  sample: Sample,
): Promise<boolean> {
  if (!(await client.headManifest(reference))) return false;
  const found = await client.manifest(reference);
  t.is(found.descriptor.digest, sample.manifest.descriptor.digest);
  for (const blob of [sample.config.descriptor, ...sample.layers])
    t.is(digestOf(await buffer(await client.blob(reference, blob))), blob.digest);
  return true;
}

/** @returns how many requests there are, and their kinds: `PUT manifests/TAG` */
async function withoutFault(host: string, run: (host: string) => Promise<void>) {
  await using proxy = await startFaultyProxy(host, undefined, -1);
  await run(proxy.host);
  const kinds = proxy.requests.map((request) =>
    request
      .replace(/ \/v2\/[a-z-]+\//, ' ')
      .replace(/sha256:[0-9a-f]+/, 'DIGEST')
      .replace(/manifests\/1$/, 'manifests/TAG')
      .replace(/uploads\/[^?]+/, 'uploads/ID')
      .replace(/\?.*/, ''),
  );
  return { count: proxy.requests.length, kinds: [...new Set(kinds)].sort() };
}

function isTold(error: unknown): boolean {
  return error instanceof VarveError && /^(REGISTRY|MANIFEST|BLOB)_/.test(error.code) && error.message.length > 20;
}

test('push: every single fault of every request is survived or told, and no tag is incomplete', async (t) => {
  t.timeout(280_000);
  await using registry = await startRegistry();
  await using direct = testClient();
  const sample = await image();
  const push = async (host: string, name: string): Promise<void> => {
    await using client = testClient({ limits });
    await pushImage(client, sample, [parseReference(`${host}/${name}:1`)]);
  };
  const { count, kinds } = await withoutFault(registry.host, (host) => push(host, 'none'));
  t.deepEqual(kinds, [
    'HEAD blobs/DIGEST',
    'PATCH blobs/uploads/ID',
    'POST blobs/uploads/',
    'PUT blobs/uploads/ID',
    'PUT manifests/DIGEST',
    'PUT manifests/TAG',
  ]);
  t.true(count >= 14, `${count} requests: several chunks, blobs, manifests`);
  const places = createLimiter(AT_ONCE);
  const runs = [...SURVIVED, ...TOLD].flatMap((fault, f) =>
    Array.from({ length: count }, (_, at) =>
      places.run(async () => {
        const name = `fault-${f}/at-${at}`;
        await using proxy = await startFaultyProxy(registry.host, fault, at);
        const error = await push(proxy.host, name).then(
          () => undefined,
          (reason: unknown) => reason ?? 'nothing',
        );
        const where = `${fault}: ${proxy.requests[at]}: ${error}`;
        const whole = await isWhole(t, direct, parseReference(`${registry.host}/${name}:1`), sample);
        if (error === undefined) t.true(whole, where);
        else t.true(TOLD.includes(fault) && isTold(error), where);
      }),
    ),
  );
  await Promise.all(runs);
});

test('pull: every single fault of every request is survived or told, and what comes is right', async (t) => {
  t.timeout(280_000);
  await using registry = await startRegistry();
  await using direct = testClient();
  const sample = await image();
  await pushImage(direct, sample, [parseReference(`${registry.host}/app:1`)]);
  const pull = async (host: string): Promise<void> => {
    await using client = testClient({ limits });
    t.true(await isWhole(t, client, parseReference(`${host}/app:1`), sample));
  };
  const { count, kinds } = await withoutFault(registry.host, pull);
  t.deepEqual(kinds, ['GET blobs/DIGEST', 'GET manifests/TAG', 'HEAD manifests/TAG']);
  const places = createLimiter(AT_ONCE);
  const runs = [...SURVIVED, ...TOLD].flatMap((fault) =>
    Array.from({ length: count }, (_, at) =>
      places.run(async () => {
        await using proxy = await startFaultyProxy(registry.host, fault, at);
        const error = await pull(proxy.host).then(
          () => undefined,
          (reason: unknown) => reason ?? 'nothing',
        );
        if (error !== undefined)
          t.true(TOLD.includes(fault) && isTold(error), `${fault}: ${proxy.requests[at]}: ${error}`);
      }),
    ),
  );
  await Promise.all(runs);
});

/** Requests of a push that the tests above don't have, each by how it looks. */
const MORE_PHASES: readonly RegExp[] = [
  /^GET \/token/,
  /^POST .*[?&]mount=/,
  /^PUT \/v2\/a\/app\/manifests\/sha256:REFERRER/,
  /^GET .*\/manifests\/sha256-/,
  /^PUT .*\/manifests\/sha256-/,
];

test('tokens, mounts and referrers: every single fault is survived or told, and no tag is incomplete', async (t) => {
  t.timeout(280_000);
  const user = { username: 'me', password: 'hunter22' };
  await using tokens = await startTokenServer(user);
  await using registry = await startRegistry({ tokenAuth: tokens.tokenAuth });
  const tokenHost = new URL(tokens.tokenAuth.realm).host;
  const image = await sampleImage(['one']);
  const subject = image.manifest.descriptor;
  const said = { predicate: { type: 'urn:test', value: 'said', fileName: 'said.json' }, value: 'said' };
  const { manifest, config, statements } = attestationManifest([said], subject, 'referrers');
  const bytesOf = new Map(statements.map((each) => [each.descriptor.digest, each.bytes]));
  const referrer: ImageContent = {
    manifest,
    config,
    layers: statements.map(({ descriptor }) => descriptor),
    open: (digest) => Readable.from([bytesOf.get(digest)!], { objectMode: false }),
  };
  const options = { limits, credentials: passwordFor(user.username, user.password) };
  const places = createLimiter(AT_ONCE);
  const runs = MORE_PHASES.flatMap((phase, p) =>
    [...SURVIVED, ...TOLD].map((fault, f) =>
      places.run(async () => {
        const names = ['a', 'b'].map((name) => `${name}/app-${p}-${f}`);
        const at = new RegExp(
          phase.source
            .replace('a\\/app', `a\\/app-${p}-${f}`)
            .replace('REFERRER', digestHex(manifest.descriptor.digest)),
        );
        await using proxy = await startFaultyProxy(registry.host, fault, at, tokenHost);
        await using client = testClient(options);
        const to = (host: string) => names.map((name) => parseReference(`${host}/${name}:1`));
        const error = await pushImage(client, { ...image, referrers: [referrer] }, to(proxy.host)).then(
          () => undefined,
          (reason: unknown) => reason ?? 'nothing',
        );
        const where = `${fault}: ${phase.source}: ${error}`;
        t.true(
          proxy.requests.some((request) => at.test(request)),
          where,
        );
        await using direct = testClient(options);
        const whole = await Promise.all(to(registry.host).map((name) => isWhole(t, direct, name, image)));
        if (error === undefined) t.deepEqual(whole, [true, true], where);
        else t.true(TOLD.includes(fault) && isTold(error), where);
        for (const { registry: host, repository } of to(registry.host)) {
          const tag = { registry: host, repository, tag: referrersTag(subject.digest) };
          const there = await direct.headManifest(tag);
          if (error === undefined) t.truthy(there, where);
          if (there) await direct.manifest({ registry: host, repository, digest: manifest.descriptor.digest });
        }
      }),
    ),
  );
  await Promise.all(runs);
});

test('a registry that always fails ends in an error that says so, after five times', async (t) => {
  await using registry = await startRegistry();
  const sample = await image();
  await using proxy = await startFaultyProxy('127.0.0.1:1', undefined, -1);
  await registry.stop();
  await using client = testClient({ limits });
  const error = await t.throwsAsync(pushImage(client, sample, [parseReference(`${proxy.host}/app:1`)]), {
    code: 'REGISTRY_CONNECTION',
  });
  t.regex(error.message, /no connection to/);
  const blob = proxy.requests[0]!;
  t.is(proxy.requests.filter((request) => request === blob).length, 5);
});
