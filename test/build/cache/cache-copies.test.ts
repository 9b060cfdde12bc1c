import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { CacheOptions, CachePlace } from '../../../src/build/cache/cache-options.ts';
import { startRecordingProxy } from '../../support/recording-proxy.ts';
import { startRegistry } from '../../support/registry.ts';
import type { Built } from '../support/build-bench.ts';
import { cacheBench, fetchedBlobs } from '../support/cache-bench.ts';

const statuses = ({ steps }: Built) => steps.map(({ id, status }) => `${id} ${status}`).sort();
const layersOf = ({ image }: Built) => image.layers.map(({ descriptor }) => descriptor.digest);
const repository = (registry: string, name: string): CachePlace => ({
  kind: 'registry',
  repository: { registry, repository: name },
  tagPrefix: '',
});
const fromTo = (from: CachePlace, to: CachePlace): CacheOptions => ({
  from: [to, from],
  to: { place: to, mode: 'max' },
});
const only = (place: CachePlace): CacheOptions => ({ from: [place] });

test('what a build hits in one cache is in the other one afterwards: mounted, passed on, from a directory and to one', async (t) => {
  const [bench, registry] = [await cacheBench(t), await startRegistry()];
  t.teardown(() => registry.stop());
  await using other = await startRecordingProxy(registry.host);
  const { proxy, base, place } = bench;
  const context = bench.directory('context', { a: 'a', source: 'source' });
  // A hit of the last step makes the stage needless; its steps are in the cache all the same.
  const dockerfile = `FROM ${base} AS build\nCOPY source /source\nRUN echo built > /out\nFROM ${base}\nCOPY a /a\nCOPY --from=build /out /out\n`;
  const first = await bench.cached(dockerfile, context, { store: 'first' });
  const wanted = [...new Set(layersOf(first))].sort();
  const changed = dockerfile.replace('/out /out', '/out /other');
  const ALL = ['0.1 hit', '0.2 hit', '1.1 hit', '1.2 done'];

  const copy = async (store: string, from: CachePlace, to: CachePlace) => {
    proxy.clear();
    other.clear();
    const built = await bench.build(dockerfile, context, { store, cache: fromTo(from, to) });
    t.deepEqual([statuses(built), built.warnings], [['1.1 hit', '1.2 hit'], []], store);
    const alone = await bench.build(changed, context, { store: `${store} reads`, cache: only(to) });
    t.deepEqual([statuses(alone), alone.warnings], [ALL, []], `${store}: every step is there`);
  };

  // In the same registry nothing comes and nothing goes.
  const near = repository(proxy.host, 'near/cache');
  proxy.clear();
  const mounted = await bench.build(dockerfile, context, { store: 'near', cache: fromTo(place, near) });
  t.deepEqual(statuses(mounted), ['1.1 hit', '1.2 hit']);
  t.deepEqual(
    [...fetchedBlobs(proxy).keys()].filter((digest) => wanted.some((layer) => layer === digest)),
    [],
  );
  const sent = proxy.exchanges.filter(({ path }) => path.includes('/blobs/')).reduce((sum, each) => sum + each.sent, 0);
  // The config of all records, and what the build was made of.
  t.true(sent < 4096, `${sent} bytes of blobs sent`);
  t.true(proxy.exchanges.filter(({ path, status }) => path.includes('mount=') && status === 201).length >= 4);
  await copy('mounts', place, repository(proxy.host, 'near/second'));

  const far = repository(other.host, 'cache');
  await copy('far', place, far);
  const layout: CachePlace = { kind: 'layout', path: join(bench.path, 'layout') };
  await copy('directory', far, layout);
  await copy('back', layout, repository(other.host, 'back'));
});

test('a cache that was emptied is filled again by a build that runs nothing, at the price of one question', async (t) => {
  const bench = await cacheBench(t);
  const { proxy } = bench;
  const context = bench.directory('context', { a: 'a', b: 'b' });
  const dockerfile = 'FROM scratch\nCOPY a /a\nCOPY b /b\n';
  const HITS = ['0.1 hit', '0.2 hit'];
  await bench.cached(dockerfile, context);
  proxy.clear();
  t.deepEqual(statuses(await bench.cached(dockerfile, context)), HITS);
  t.deepEqual(
    proxy.exchanges.map(({ method, status }) => `${method} ${status}`),
    ['GET 200'],
  );

  // What is asked of the repository `cache` is asked of another one, which is empty.
  proxy.rewrite = (path) => path.replace('/v2/cache/', '/v2/emptied/');
  const again = await bench.cached(dockerfile, context);
  t.deepEqual([statuses(again), again.warnings], [HITS, []]);
  t.deepEqual(statuses(await bench.cached(dockerfile, context, { store: 'fresh' })), HITS);

  const layout: CachePlace = { kind: 'layout', path: join(bench.path, 'layout') };
  const cache: CacheOptions = { from: [layout], to: { place: layout, mode: 'max' } };
  await bench.build(dockerfile, context, { cache });
  const blobs = () => readdirSync(join(layout.path, 'blobs/sha256')).length;
  const before = blobs();
  rmSync(layout.path, { recursive: true });
  t.deepEqual(statuses(await bench.build(dockerfile, context, { cache })), HITS);
  t.is(blobs(), before);
});
