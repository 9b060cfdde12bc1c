import test from 'ava';
import { ociLayerType } from '../../../src/oci/media-types.ts';
import { noise } from '../../fixtures/layer-items.ts';
import { buildBench } from '../support/build-bench.ts';

const DOCKERFILE = 'FROM scratch\nCOPY . /app\n';

function files(): Record<string, Buffer> {
  const made: Record<string, Buffer> = { 'large.bin': noise(4_500_000, 7) };
  for (let i = 0; i < 300; i++) made[`f${i}`] = noise(5000, i);
  return made;
}

for (const compression of ['gzip', 'zstd', 'none'] as const) {
  test(`${compression}: an empty and a full frame cache give the same layer`, async (t) => {
    const bench = buildBench(t);
    const context = bench.directory('context', files());
    const layerOf = async (store: string, useCache: boolean) => {
      const { image, steps } = await bench.build(DOCKERFILE, context, { compression, store, useCache });
      return { layer: image.layers[0]!, frames: steps[0]!.frames! };
    };
    const empty = await layerOf('one', true);
    t.is(empty.layer.descriptor.mediaType, ociLayerType(compression));
    t.is(empty.frames.reused, 0);
    const full = await layerOf('one', false);
    t.is(full.frames.reused, compression === 'none' ? 0 : empty.frames.compressed);
    t.is(full.layer.descriptor.digest, empty.layer.descriptor.digest);
    t.is(full.layer.diffId, empty.layer.diffId);
    t.is((await layerOf('two', true)).layer.descriptor.digest, empty.layer.descriptor.digest);
  });
}

test('a layer that is compressed otherwise is no hit, and what is in it stays', async (t) => {
  const bench = buildBench(t);
  const context = bench.directory('context', { a: 'a' });
  const gzip = await bench.build(DOCKERFILE, context);
  const zstd = await bench.build(DOCKERFILE, context, { compression: 'zstd' });
  t.is(zstd.steps[0]!.status, 'done');
  t.is(zstd.image.layers[0]!.descriptor.mediaType, ociLayerType('zstd'));
  t.is(zstd.image.layers[0]!.diffId, gzip.image.layers[0]!.diffId);
  t.is((await bench.build(DOCKERFILE, context, { compression: 'zstd', level: 5 })).steps[0]!.status, 'done');
  for (const [compression, level] of [
    ['zstd', 3],
    ['zstd', 5],
    ['gzip', 6],
  ] as const)
    t.is((await bench.build(DOCKERFILE, context, { compression, level })).steps[0]!.status, 'hit');
});

test('a layer that unpacks to more than the limit is refused', async (t) => {
  const bench = buildBench(t);
  const context = bench.directory('context', { big: Buffer.alloc(3_000_000), small: 'x' });
  const dockerfile = 'FROM scratch AS a\nCOPY . /app\nFROM scratch\nCOPY --from=a /app/small /small\n';
  await t.throwsAsync(bench.build(dockerfile, context, { unpackLimits: { bytes: 1_000_000 } }), {
    code: 'LAYER_TOO_BIG',
    message: /more than 1000000 bytes/,
  });
  await t.notThrowsAsync(bench.build(dockerfile, context, { unpackLimits: { bytes: 4_000_000 } }));
});
