import { join } from 'node:path';
import test from 'ava';
import { temporaryDirectory } from '../../scripts/temporary-directory.ts';
import { fromText } from '../../src/io/byte-path.ts';
import { OCI_INDEX } from '../../src/oci/media-types.ts';
import { type Platform, parsePlatform } from '../../src/oci/platform.ts';
import { parseReference } from '../../src/oci/reference.ts';
import type { Document, IndexContent } from '../../src/registry/image-content.ts';
import { chooseImage, readContent } from '../../src/registry/image-source.ts';
import { openImage } from '../../src/registry/open-image.ts';
import { resolveImage } from '../../src/registry/pull-image.ts';
import { pushImage } from '../../src/registry/push-image.ts';
import { writeOciLayout } from '../../src/registry/write-oci-layout.ts';
import { startRegistry } from '../support/registry.ts';
import { testClient } from '../support/registry-client.ts';
import { document, sampleImage } from '../support/sample-image.ts';

const indexOf = (...manifests: readonly object[]): Document =>
  document(OCI_INDEX, { schemaVersion: 2, mediaType: OCI_INDEX, manifests });

async function nested(depth: number) {
  const platforms: Platform[] = ['linux/amd64', 'linux/arm64', 'linux/s390x'].map(parsePlatform);
  const images = await Promise.all(platforms.map((platform, i) => sampleImage([`image ${i}`], platform)));
  const [amd, arm, z] = images.map((image, i) => ({ ...image.manifest.descriptor, platform: platforms[i] }));
  // As buildx writes it, without platforms, and with the platform on the index itself.
  const inner: Document[] = [indexOf({ ...arm, platform: undefined })];
  for (let i = 1; i < depth; i++) inner.push(indexOf(inner[i - 1]!.descriptor));
  const one = indexOf(z!);
  const index = indexOf(amd!, inner.at(-1)!.descriptor, { ...one.descriptor, platform: platforms[2] });
  const content: IndexContent = { index, images, nested: [...inner, one] };
  return { content, platforms, images };
}

test('an index in an index is copied whole, and looked into for a platform, as in a registry so in a layout', async (t) => {
  using temp = temporaryDirectory('varve-nested');
  await using registry = await startRegistry();
  await using client = testClient();
  const { content, platforms, images } = await nested(2);
  const { digest } = content.index.descriptor;
  const layout = join(temp.path, 'layout');
  await writeOciLayout(fromText(layout), content, ['nested']);
  const deps = { registry: client, store: temp.path, signal: new AbortController().signal };
  const reference = parseReference(`${registry.host}/app:1`);
  const first = await openImage({ kind: 'oci', path: layout }, layout, deps);
  await pushImage(client, await readContent(first), [reference]);
  const second = await openImage({ kind: 'registry', reference }, 'the pushed one', deps);
  t.is(second.top.descriptor.digest, digest);
  const again = join(temp.path, 'again');
  const copied = await readContent(second);
  t.true('nested' in copied && copied.nested?.length === 3);
  await writeOciLayout(fromText(again), copied, ['nested']);
  const third = await openImage({ kind: 'oci', path: again, tag: 'nested' }, again, deps);
  for (const [i, platform] of platforms.entries()) {
    const wanted = images[i]!.manifest.descriptor.digest;
    for (const source of [first, second, third]) t.is((await chooseImage(source, platform)).digest, wanted);
    t.is((await resolveImage(client, reference, platform)).manifestDescriptor.digest, wanted);
    const chosen = await readContent(third, platform);
    t.true('manifest' in chosen && chosen.manifest.descriptor.digest === wanted);
  }
  await t.throwsAsync(chooseImage(third, parsePlatform('windows/amd64')), {
    code: 'REGISTRY_PLATFORM',
    message: /it has linux\/amd64, linux\/arm64, linux\/s390x$/,
  });
});

test('a nest that is too deep is refused wherever it is read', async (t) => {
  using temp = temporaryDirectory('varve-nested');
  await using client = testClient();
  const { content, platforms } = await nested(3);
  const layout = join(temp.path, 'layout');
  await writeOciLayout(fromText(layout), content, []);
  const deps = { registry: client, store: temp.path, signal: new AbortController().signal };
  const source = await openImage({ kind: 'oci', path: layout }, layout, deps);
  for (const read of [readContent(source), chooseImage(source, platforms[1]!)])
    await t.throwsAsync(read, { code: 'MANIFEST_INVALID', message: /nested more than 3 deep/ });
});
