import test from 'ava';
import { convertResult } from '../../../src/build/images/convert-image.ts';
import { type ImageForm, layerForm } from '../../../src/build/images/image-form.ts';
import { createRecordSigner } from '../../../src/registry/record-signer.ts';
import type { Built } from '../support/build-bench.ts';
import { cacheBench, fetchedBlobs, pushTo } from '../support/cache-bench.ts';

const FORMS: Record<string, ImageForm> = {
  estargz: { layers: layerForm('estargz', undefined) },
  'zstd, the base too': { layers: layerForm('zstd', undefined), forceCompression: true },
  'the times of an epoch': { rewriteTimestamp: true },
};

test('a layer in another form is converted by one machine only, unless it is signed by another, changed or gone', async (t) => {
  const bench = await cacheBench(t);
  const { proxy, base } = bench;
  const context = bench.directory('context', { a: 'a'.repeat(5000), b: 'b' });
  const dockerfile = `FROM ${base}\nCOPY a /a\nCOPY b /b\n`;
  const buildArgs = new Map([['SOURCE_DATE_EPOCH', '1000']]);
  let digests: string[] = [];
  const build = async (store: string, form: ImageForm, cache = bench.options()): Promise<Built> => {
    proxy.clear();
    return bench.cached(dockerfile, context, {
      store,
      buildArgs,
      cache,
      inspect: async (image, services, result) => {
        await pushTo(`${proxy.host}/app:1`, form)(image, services, result);
        const reference = { registry: proxy.host, repository: 'app', tag: '1' };
        const { bytes } = await services.registry.manifest(reference, new AbortController().signal);
        digests = (JSON.parse(bytes.toString()) as { layers: { digest: string }[] }).layers.map(({ digest }) => digest);
      },
    });
  };
  const made = new Map<string, readonly string[]>();
  for (const [name, form] of Object.entries(FORMS)) {
    t.deepEqual((await build('first', form)).warnings, [], name);
    made.set(name, digests);
  }
  for (const [name, form] of Object.entries(FORMS)) {
    const { warnings } = await build(`second ${name}`, form);
    t.deepEqual([warnings, digests], [[], made.get(name)], name);
    t.deepEqual(
      [...fetchedBlobs(proxy).keys()].filter((digest) => digests.includes(digest)),
      [],
      name,
    );
    // No base layer and no step's layer came down to be converted.
    t.true(
      [...fetchedBlobs(proxy).values()].every((bytes) => bytes < 3000),
      `${name}: ${[...fetchedBlobs(proxy)]}`,
    );
  }

  const estargz = FORMS.estargz!;
  const signer = createRecordSigner(Buffer.from('a secret of some length'));
  const signed = await build('signed', estargz, { from: [bench.place], signer });
  t.deepEqual(digests, made.get('estargz'));
  t.true(signed.warnings.some((text) => text.includes('not signed')));
  t.true(fetchedBlobs(proxy).size > 0);

  proxy.change = (path, body) =>
    path.includes('/manifests/form-') ? Buffer.from(body.toString().replace('diffId', 'diffID')) : body;
  const damaged = await build('damaged', estargz);
  t.true(
    damaged.warnings.some((text) => text.includes('form-') && text.includes('its digest is not that of its text')),
  );
  t.deepEqual(digests, made.get('estargz'));
  proxy.change = undefined;

  // Gone between the question and the pull: made again. Into a directory, so that it is pulled.
  const gone = made.get('estargz')![2]!;
  proxy.intervene = (request, response) => {
    if (!request.url?.endsWith(gone) || request.method === 'HEAD' || request.method === 'POST') return undefined;
    response.writeHead(404).end();
    return true;
  };
  const lost = await bench.cached(dockerfile, context, {
    store: 'lost',
    buildArgs,
    inspect: async (_, services, result) => {
      const converted = await convertResult(result, estargz, services);
      for (const layer of converted.images[0]!.image.layers) await services.files.pull(layer);
      digests = converted.images[0]!.image.layers.map(({ descriptor }) => descriptor.digest);
    },
  });
  t.deepEqual(digests, made.get('estargz'));
  t.is(lost.warnings.filter((text) => text.includes('its step is done again')).length, 1);
});
