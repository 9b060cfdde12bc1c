import { randomBytes } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import test, { type ExecutionContext } from 'ava';
import { VarveError } from '../../src/errors.ts';
import { createLimiter } from '../../src/io/limiter.ts';
import { digestOf } from '../../src/oci/digest.ts';
import { parseReference, type Reference } from '../../src/oci/reference.ts';
import { defaultRegistryLimits } from '../../src/registry/create-registry-client.ts';
import { pushImage } from '../../src/registry/push-image.ts';
import type { RegistryClient } from '../../src/registry/registry-client.ts';
import { type Fault, startFaultyProxy } from '../support/faulty-proxy.ts';
import { startRegistry } from '../support/registry.ts';
import { testClient } from '../support/registry-client.ts';
import { sampleImage } from '../support/sample-image.ts';

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

async function withoutFault(host: string, run: (host: string) => Promise<void>): Promise<number> {
  await using proxy = await startFaultyProxy(host, undefined, -1);
  await run(proxy.host);
  return proxy.requests.length;
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
  const count = await withoutFault(registry.host, (host) => push(host, 'none'));
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
  const count = await withoutFault(registry.host, pull);
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
