import { Readable } from 'node:stream';
import test from 'ava';
import { inspectImage } from '../../../src/build/images/inspect-image.ts';
import { validateImage } from '../../../src/build/images/validate-image.ts';
import { VarveError } from '../../../src/errors.ts';
import type { Descriptor } from '../../../src/oci/descriptor.ts';
import type { ImageSource } from '../../../src/registry/image-source.ts';
import { sampleImage } from '../../support/sample-image.ts';
import { buildBench } from '../support/build-bench.ts';

test('layers are read by threads, two at once, in their order; what their source says of a failure stays', async (t) => {
  const image = await sampleImage(['one', 'two', 'three', 'four']);
  const broken = image.layers[2]!.digest;
  const { bytes } = image.config;
  let [open, most] = [0, 0];
  const source = (isBroken: boolean): ImageSource => ({
    name: 'sample',
    top: image.manifest,
    document: async () => bytes,
    open({ digest }: Descriptor) {
      most = Math.max(most, ++open);
      async function* content() {
        yield image.blobs.get(digest)!.subarray(0, 20);
        if (isBroken && digest === broken) throw new VarveError('REGISTRY_CONNECTION', 'the registry is gone');
        yield image.blobs.get(digest)!.subarray(20);
      }
      return Readable.from(content(), { objectMode: false }).once('close', () => open--);
    },
    close: async () => {},
  });
  const bench = buildBench(t);
  await bench.build('FROM scratch\nLABEL a=b\n', bench.directory('context', {}), {
    async inspect(_, services) {
      const { descriptor } = image.manifest;
      const { layers } = await inspectImage(source(false), descriptor, { files: true }, services);
      t.deepEqual(
        layers.map(({ files }) => files?.map(({ path }) => path)),
        [['/file-0'], ['/file-1'], ['/file-2'], ['/file-3']],
      );
      t.true(most <= 2, `${most} at once`);
      const { checked, problems } = await validateImage(source(true), services);
      t.is(checked.layers, 3);
      t.deepEqual(problems, [{ where: broken, code: 'REGISTRY_CONNECTION', message: 'the registry is gone' }]);
      await t.throwsAsync(inspectImage(source(true), descriptor, { files: true }, services), {
        code: 'REGISTRY_CONNECTION',
      });
    },
  });
});
