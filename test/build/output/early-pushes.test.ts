import test from 'ava';
import { startRecordingProxy } from '../../support/recording-proxy.ts';
import { startRegistry } from '../../support/registry.ts';
import { buildBench } from '../support/build-bench.ts';
import { pushTo as pushNow } from '../support/cache-bench.ts';

const DOCKERFILE = 'FROM scratch AS other\nCOPY two /unused\nFROM scratch\nCOPY one /one\nCOPY two /two\n';

test('layers of the target are there before the push, which then sends none of them; other stages are not sent', async (t) => {
  await using registry = await startRegistry();
  await using proxy = await startRecordingProxy(registry.host);
  const bench = buildBench(t);
  const context = bench.directory('context', { one: '1', two: '2' });
  const repository = { registry: proxy.host, repository: 'app' };
  let ahead = 0;
  const built = await bench.build(DOCKERFILE, context, {
    pushTo: [repository, { registry: proxy.host, repository: 'second' }],
    inspect: async (image, services, result) => {
      for (const { descriptor } of image.layers) t.true(await services.registry.hasBlob(repository, descriptor.digest));
      t.true(proxy.exchanges.every(({ path }) => !path.includes('/manifests/') && !path.includes('/second/')));
      ahead = proxy.exchanges.filter(({ method, path }) => method === 'PUT' && path.includes('/blobs/')).length;
      await pushNow(`${proxy.host}/app:1`)(image, services, result);
    },
  });
  t.is(ahead, built.image.layers.length);
  const puts = proxy.exchanges.filter(({ method, path }) => method === 'PUT' && path.includes('/blobs/'));
  t.is(puts.length, ahead + 1, 'the config is all that the push sends');
});

test('a build that fails leaves no tag and no manifest; a registry that refuses fails no build', async (t) => {
  await using registry = await startRegistry();
  await using proxy = await startRecordingProxy(registry.host);
  const bench = buildBench(t);
  const context = bench.directory('context', { one: '1' });
  const pushTo = [{ registry: proxy.host, repository: 'app' }];
  await t.throwsAsync(bench.build('FROM scratch\nCOPY one /one\nCOPY absent /two\n', context, { pushTo }));
  t.true(proxy.exchanges.every(({ path }) => !path.includes('/manifests/')));
  proxy.intervene = (request, response) => {
    request.resume();
    response.writeHead(403).end();
    return true;
  };
  const built = await bench.build('FROM scratch\nCOPY one /other\n', context, { pushTo });
  t.is(built.image.layers.length, 1);
});
