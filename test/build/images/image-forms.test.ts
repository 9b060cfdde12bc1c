import { execFileSync } from 'node:child_process';
import { utimesSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import test, { type ExecutionContext } from 'ava';
import { convertResult } from '../../../src/build/images/convert-image.ts';
import type { Image } from '../../../src/build/images/image.ts';
import { layerForm } from '../../../src/build/images/image-form.ts';
import { keepLocalImage } from '../../../src/build/images/local-images.ts';
import {
  DOCKER_CONFIG,
  DOCKER_LAYER_GZIP,
  DOCKER_LIST,
  DOCKER_MANIFEST,
  OCI_MANIFEST,
} from '../../../src/oci/media-types.ts';
import { parsePlatform } from '../../../src/oci/platform.ts';
import { parseReference } from '../../../src/oci/reference.ts';
import { noise } from '../../fixtures/layer-items.ts';
import { readEstargz } from '../../support/estargz.ts';
import { type BuildBench, type BuildOptions, buildBench } from '../support/build-bench.ts';

const BASE = 'localhost/base:1';
const manifestOf = (image: Image) => JSON.parse(image.manifest.bytes.toString());

/** A base image of one gzip layer, kept in the store, of Docker's types when it says so. */
async function bench(t: ExecutionContext, form: 'oci' | 'docker' = 'oci'): Promise<BuildBench> {
  const made = buildBench(t);
  const context = made.directory('base', { below: 'below\n' });
  await made.build('FROM scratch\nCOPY below /below\n', context, {
    inspect: async (_, services, result) =>
      keepLocalImage(services, parseReference(BASE), await convertResult(result, { format: form }, services)),
  });
  return made;
}

/** A build's image in a form, with the uncompressed bytes of its layers. */
async function formed(made: BuildBench, form: Parameters<typeof convertResult>[1], options: BuildOptions = {}) {
  const context = made.directory('context', { a: 'a\n', 'large.bin': noise(4_500_000, 7), empty: '' });
  utimesSync(join(context, 'a'), 100, 100);
  utimesSync(join(context, 'empty'), 2_000_000_000, 2_000_000_000);
  let image: Image | undefined;
  let blobs: Buffer[] = [];
  const built = await made.build(`FROM ${BASE}\nCOPY . /app\n`, context, {
    ...options,
    inspect: async (_, services, result) => {
      const converted = await convertResult(result, form, services);
      image = converted.images[0]!.image;
      blobs = await Promise.all(image.layers.map(({ descriptor }) => services.store.blobs.read(descriptor.digest)));
    },
  });
  return { built, image: image!, blobs };
}

test('the form in which it was built changes nothing', async (t) => {
  const made = await bench(t);
  const { built, image } = await formed(made, { layers: layerForm('gzip', 6) });
  t.is(image, built.image);
});

test("Docker's media types are kept from the base, and can be asked for or turned off", async (t) => {
  const made = await bench(t, 'docker');
  const kept = (await formed(made, {})).built.image;
  t.is(kept.manifest.descriptor.mediaType, DOCKER_MANIFEST);
  t.is(manifestOf(kept).config.mediaType, DOCKER_CONFIG);
  t.deepEqual(
    manifestOf(kept).layers.map(({ mediaType }: { mediaType: string }) => mediaType),
    [DOCKER_LAYER_GZIP, DOCKER_LAYER_GZIP],
  );
  t.is((await formed(made, { format: 'oci' })).image.manifest.descriptor.mediaType, OCI_MANIFEST);
  const annotated = await formed(made, { annotations: [{ level: 'manifest', key: 'k', value: 'v' }] });
  t.is(annotated.image.manifest.descriptor.mediaType, OCI_MANIFEST);
  t.deepEqual(manifestOf(annotated.image).annotations, { k: 'v' });
  const zstd = { format: 'docker', layers: layerForm('zstd', undefined) } as const;
  await t.throwsAsync(formed(made, zstd), { code: 'USAGE', message: /Docker's media types/ });
});

test("an index of Docker images is Docker's manifest list", async (t) => {
  const made = buildBench(t);
  const platforms = ['linux/amd64', 'linux/arm64'].map(parsePlatform);
  let type: string | undefined;
  await made.build('FROM scratch\nLABEL a=b\n', made.directory('context', {}), {
    platforms,
    inspect: async (_, services, result) => {
      type = (await convertResult(result, { format: 'docker' }, services)).index?.descriptor.mediaType;
    },
  });
  t.is(type, DOCKER_LIST);
});

test('force-compression compresses the base anew and leaves diffIDs; without it the base stays', async (t) => {
  const made = await bench(t);
  const gzip = (await formed(made, {})).built.image;
  const layers = layerForm('zstd', undefined);
  const own = (await formed(made, { layers })).image;
  t.deepEqual(own.layers[0], gzip.layers[0]);
  t.regex(own.layers[1]!.descriptor.mediaType, /zstd$/);
  const forced = (await formed(made, { layers, forceCompression: true })).image;
  t.true(forced.layers.every(({ descriptor }) => descriptor.mediaType.endsWith('zstd')));
  t.deepEqual(
    forced.layers.map(({ diffId }) => diffId),
    gzip.layers.map(({ diffId }) => diffId),
  );
  t.deepEqual(forced.config.bytes, gzip.config.bytes);
  const plain = await formed(made, { layers: layerForm('uncompressed', undefined), forceCompression: true });
  t.deepEqual(
    plain.image.layers.map(({ descriptor }) => descriptor.digest),
    gzip.layers.map(({ diffId }) => diffId),
  );
});

test('rewrite-timestamp makes younger files as old as the epoch, in new layers only', async (t) => {
  const made = await bench(t);
  const epoch = { buildArgs: new Map([['SOURCE_DATE_EPOCH', '1000000000']]) };
  const { image, built, blobs } = await formed(made, { rewriteTimestamp: true }, epoch);
  t.is(image.layers[0]!.descriptor.digest, built.image.layers[0]!.descriptor.digest);
  t.not(image.layers[1]!.diffId, built.image.layers[1]!.diffId);
  t.is(image.config.value.rootfs.diff_ids[1], image.layers[1]!.diffId);
  const list = execFileSync('tar', ['--utc', '--full-time', '-tvf', '-'], { input: gunzipSync(blobs[1]!) }).toString();
  t.regex(list, /1970-01-01 00:01:40 app\/a\n/);
  t.regex(list, /2001-09-09 01:46:40 app\/empty\n/);
  t.regex(list, /2001-09-09 01:46:40 app\/large.bin\n/);
  await t.throwsAsync(formed(made, { rewriteTimestamp: true }), { code: 'USAGE', message: /SOURCE_DATE_EPOCH/ });
});

test("estargz: stargz-snapshotter's rules hold, and the same image twice is made once", async (t) => {
  const made = await bench(t);
  const form = { layers: layerForm('estargz', undefined), forceCompression: true };
  const { image, blobs } = await formed(made, form);
  const again = await formed(made, form);
  t.deepEqual(again.image.manifest.bytes, image.manifest.bytes);
  t.is(again.built.steps[0]!.status, 'hit');
  for (const [i, layer] of image.layers.entries()) {
    const { annotations } = layer.descriptor;
    const { toc, files } = readEstargz(blobs[i]!, annotations!['containerd.io/snapshot/stargz/toc.digest']!);
    const plain = gunzipSync(blobs[i]!);
    t.is(annotations!['io.containers.estargz.uncompressed-size'], String(plain.length));
    t.is(toc[0]!.name, '.no.prefetch.landmark');
    t.deepEqual(files.get('.no.prefetch.landmark'), Buffer.from([0x0f]));
    const names = execFileSync('tar', ['-tf', '-'], { input: plain }).toString().trim().split('\n');
    t.deepEqual([...toc.flatMap(({ name, type }) => (type === 'chunk' ? [] : [name])), 'stargz.index.json'], names);
    if (i === 0) continue;
    t.deepEqual(files.get('app/large.bin'), noise(4_500_000, 7));
    t.is(toc.filter(({ name }) => name === 'app/large.bin').length, 2);
    t.is(files.get('app/empty')!.length, 0);
  }
});
