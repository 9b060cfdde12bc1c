import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { CacheOptions, CachePlace } from '../../../src/build/cache/cache-options.ts';
import { systemClock } from '../../../src/io/clock.ts';
import { REF_NAME } from '../../../src/registry/oci-layout.ts';
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
/** Asks for tags whenever it is asked. */
const clock = { ...systemClock, now: () => 0 };
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
  const first = await bench.cached(dockerfile, context, { clock });
  proxy.clear();
  t.deepEqual(statuses(await bench.cached(dockerfile, context, { clock })), HITS);
  t.deepEqual(
    proxy.exchanges.map(({ method, path, status }) => `${method} ${path.split('/')[3]} ${status}`),
    ['GET tags 200'],
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
  const refill = async (lose: () => void) => {
    lose();
    t.deepEqual(statuses(await bench.build(dockerfile, context, { cache })), HITS);
    t.is(blobs(), before);
    t.deepEqual(statuses(await bench.build(dockerfile, context, { cache, store: 'fresh 2' })), HITS);
    rmSync(join(bench.path, 'fresh 2'), { recursive: true });
  };
  await refill(() => rmSync(layout.path, { recursive: true }));
  const blob = (digest: string) => join(layout.path, 'blobs/sha256', digest.replace('sha256:', ''));
  await refill(() => rmSync(blob(layersOf(first)[1]!)));
  await refill(() => {
    const path = join(layout.path, 'index.json');
    const index = JSON.parse(readFileSync(path, 'utf8')) as { manifests: { annotations: Record<string, string> }[] };
    const { annotations } = index.manifests.find((each) => /^[0-9a-f]{64}$/.test(each.annotations[REF_NAME]!))!;
    const lostTag = (each: { annotations: Record<string, string> }) =>
      each.annotations[REF_NAME] === annotations[REF_NAME];
    writeFileSync(path, JSON.stringify({ ...index, manifests: index.manifests.filter((each) => !lostTag(each)) }));
  });
});

test('a cache that lost some records gets those again', async (t) => {
  const bench = await cacheBench(t);
  const { proxy } = bench;
  const context = bench.directory('context', { a: 'a', b: 'b' });
  const dockerfile = `FROM ${bench.base}\nCOPY a /a\nCOPY b /b\n`;
  await bench.cached(dockerfile, context, { clock });
  const lost = new Set<string>();
  const isLost = (path: string) => [...lost].find((name) => path.endsWith(name));
  const written: string[] = [];
  proxy.change = (path, body) => {
    if (!path.includes('/tags/list')) return body;
    const list = JSON.parse(body.toString()) as { tags: string[] };
    return Buffer.from(JSON.stringify({ ...list, tags: list.tags.filter((tag) => !isLost(`/${tag}`)) }));
  };
  proxy.intervene = ({ method, url = '' }, response) => {
    if (method === 'PUT') {
      written.push(decodeURIComponent(url).replace(/^.*(\/manifests\/|digest=)/, ''));
      for (const name of lost) if (decodeURIComponent(url).includes(name.slice(1))) lost.delete(name);
    }
    if (!isLost(url) || method === 'PUT') return undefined;
    response.writeHead(404).end();
    return true;
  };
  const tags = proxy.exchanges.flatMap(({ path, method }) =>
    method === 'PUT' && path.includes('/manifests/') ? [path.split('/').at(-1)!] : [],
  );
  const again = async (...names: string[]) => {
    for (const name of names) lost.add(`/${name}`);
    proxy.clear();
    written.splice(0);
    const built = await bench.cached(dockerfile, context, { clock });
    t.deepEqual([statuses(built), built.warnings, [...lost]], [['0.1 hit', '0.2 hit'], [], []]);
    return [...written].sort();
  };
  // Two steps with two keys and a slot each, the base's tree, the list of builds.
  t.is(tags.length, 8);
  const [tree, builds] = ['tree-', 'builds-'].map((kind) => tags.find((tag) => tag.startsWith(kind))!);
  const slots = tags.filter((tag) => tag.startsWith('slot-'));
  t.deepEqual(await again(), []);
  t.is(proxy.exchanges.length, 2);
  const sent = await again(slots[0]!);
  t.deepEqual([sent.length, sent.includes(slots[0]!)], [3, true]);
  t.deepEqual(await again(tree!), [tree]);
  t.true((await again(builds!)).includes(builds!));
});

test('a layer that a cache lost is sent again', async (t) => {
  const bench = await cacheBench(t);
  const { proxy } = bench;
  const context = bench.directory('context', { a: 'a' });
  const layerTurn = { ...systemClock, now: () => 7000 };
  const build = () => bench.cached('FROM scratch\nCOPY a /a\n', context, { clock: layerTurn });
  const layer = layersOf(await build())[0]!;
  let isLost = true;
  proxy.intervene = ({ method, url = '' }, response) => {
    if (method === 'PUT' && decodeURIComponent(url).includes(layer)) isLost = false;
    if (!isLost || !url.endsWith(layer)) return undefined;
    response.writeHead(404).end();
    return true;
  };
  const again = await build();
  t.deepEqual([statuses(again), again.warnings, isLost], [['0.1 hit'], [], false]);
});
