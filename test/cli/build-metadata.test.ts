import test from 'ava';
import { makeIndex } from '../../src/build/images/build-result.ts';
import { buildMetadata, imageId } from '../../src/cli/build-metadata.ts';
import { buildBench } from '../build/support/build-bench.ts';

test('one image: its config, its manifest, its names; an index has no config', async (t) => {
  const bench = buildBench(t);
  const { image, result } = await bench.build('FROM scratch\nLABEL a=b\n', bench.directory('context', {}));
  const { descriptor } = image.manifest;
  t.deepEqual(JSON.parse(buildMetadata(result, ['localhost/a:1', 'localhost/b:1'])), {
    'containerimage.config.digest': image.config.descriptor.digest,
    'containerimage.descriptor': JSON.parse(JSON.stringify(descriptor)),
    'containerimage.digest': descriptor.digest,
    'image.name': 'localhost/a:1,localhost/b:1',
  });
  t.is(imageId(result), image.config.descriptor.digest);
  t.false('image.name' in JSON.parse(buildMetadata(result, [])));
  const index = makeIndex(result.images, { index: {}, descriptor: {} });
  const parsed = JSON.parse(buildMetadata(index, []));
  t.is(parsed['containerimage.digest'], index.index?.descriptor.digest);
  t.is(parsed['containerimage.descriptor'].mediaType, 'application/vnd.oci.image.index.v1+json');
  t.false('containerimage.config.digest' in parsed);
  t.is<string | undefined, string | undefined>(imageId(index), index.index?.descriptor.digest);
});
