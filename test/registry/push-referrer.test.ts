import { Readable } from 'node:stream';
import test from 'ava';
import { attestationManifest } from '../../src/attest/attestation-manifest.ts';
import type { Descriptor } from '../../src/oci/descriptor.ts';
import { parseManifestDocument } from '../../src/oci/manifest.ts';
import { OCI_INDEX } from '../../src/oci/media-types.ts';
import type { Document } from '../../src/registry/image-content.ts';
import { pushImage } from '../../src/registry/push-image.ts';
import { referrersTag } from '../../src/registry/push-referrer.ts';
import { json, startFake } from '../support/fake-registry.ts';
import { startRegistry } from '../support/registry.ts';
import { testClient } from '../support/registry-client.ts';
import { sampleImage } from '../support/sample-image.ts';

function referrerOf(image: Descriptor, text: string): Document {
  const predicate = { type: 'urn:test', value: text, fileName: 'test.json' };
  return attestationManifest([{ predicate, value: text }], image, 'referrers').manifest;
}

test('a registry that says OCI-Subject is asked for nothing more', async (t) => {
  const image = await sampleImage(['one']);
  const { digest } = image.manifest.descriptor;
  await using server = await startFake((request, response) => {
    request.resume().on('end', () => response.writeHead(201, { 'oci-subject': digest }).end());
  });
  await using client = testClient();
  const referrer = referrerOf(image.manifest.descriptor, 'one');
  await client.pushReferrer({ registry: server.host, repository: 'app' }, referrer);
  t.deepEqual(
    server.requests.filter((request) => !request.endsWith(' /v2/')),
    [`PUT /v2/app/manifests/${referrer.descriptor.digest}`],
  );
});

test('referrers are asked of the API, page by page; an answer that breaks off is an error', async (t) => {
  const image = await sampleImage(['one']);
  const { digest } = image.manifest.descriptor;
  const entries = ['a', 'b', 'c'].map((text) => referrerOf(image.manifest.descriptor, text).descriptor);
  await using server = await startFake((request, response) => {
    const page = Number(new URL(request.url!, 'http://x').searchParams.get('page') ?? 0);
    const next = page < 2 ? { link: `</v2/app/referrers/${digest}?page=${page + 1}>; rel="next"` } : {};
    const manifests = [entries[page]];
    json(response, 200, { schemaVersion: 2, mediaType: OCI_INDEX, manifests }, { 'content-type': OCI_INDEX, ...next });
  });
  await using client = testClient();
  const found = await client.referrers({ registry: server.host, repository: 'app' }, digest);
  t.deepEqual(
    found.map((each) => each.digest),
    entries.map((each) => each.digest),
  );
  await using cut = await startFake((_, response) => {
    response.writeHead(200, { 'content-type': OCI_INDEX, 'content-length': 100 }).write('{"schemaVersion":2,');
    setImmediate(() => response.destroy());
  });
  await t.throwsAsync(client.referrers({ registry: cut.host, repository: 'app' }, digest), {
    code: 'REGISTRY_CONNECTION',
  });
});

test('without it each is listed once under the tag of the subject, and what else has that tag is left alone', async (t) => {
  await using registry = await startRegistry();
  await using client = testClient();
  const repository = { registry: registry.host, repository: 'app' };
  const [image, other] = [await sampleImage(['one']), await sampleImage(['two'])];
  const { descriptor } = image.manifest;
  await pushImage(client, image, [{ ...repository, tag: '1' }]);
  const referrers = ['one', 'two'].map((text) => {
    const made = attestationManifest(
      [{ predicate: { type: 'urn:test', value: text, fileName: 'x' }, value: text }],
      descriptor,
      'referrers',
    );
    return { made, blobs: [made.config, ...made.statements] };
  });
  for (const { blobs } of referrers)
    for (const { bytes, descriptor: blob } of blobs) {
      await client.pushBlob(repository, blob, () => Readable.from([bytes], { objectMode: false }));
    }
  for (const { made } of [...referrers, ...referrers]) await client.pushReferrer(repository, made.manifest);
  const tag = { ...repository, tag: referrersTag(descriptor.digest) };
  const listed = async () => {
    const found = await client.manifest(tag);
    const document = parseManifestDocument(found.bytes, found.descriptor.mediaType);
    return document.kind === 'index' ? document.index.manifests : [];
  };
  t.deepEqual(
    (await listed()).map(({ digest, artifactType }) => [digest, artifactType]),
    referrers.map(({ made }) => [
      made.manifest.descriptor.digest,
      'application/vnd.docker.attestation.manifest.v1+json',
    ]),
  );
  await pushImage(client, other, [tag]);
  await t.throwsAsync(client.pushReferrer(repository, referrers[0]!.made.manifest), {
    code: 'MANIFEST_INVALID',
    message: /is for referrers, and holds an image/,
  });
  t.is((await client.manifest(tag)).descriptor.digest, other.manifest.descriptor.digest);
});
