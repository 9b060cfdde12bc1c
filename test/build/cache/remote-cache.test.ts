import { lutimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { Built } from '../support/build-bench.ts';
import { cacheBench, fetchedBlobs } from '../support/cache-bench.ts';

const statuses = ({ steps }: Built) => steps.map(({ id, status }) => `${id} ${status}`);
const layersOf = ({ image }: Built) => image.layers.map(({ descriptor }) => descriptor.digest);

/** Ten steps on the base. */
const tenSteps = (base: string, last = 'COPY last /last') =>
  [`FROM ${base}`, ...Array.from({ length: 9 }, (_, i) => `RUN echo ${i} > /file-${i}`), last, ''].join('\n');

test('a fully cached build on an empty store: two requests for each step, no layer', async (t) => {
  const bench = await cacheBench(t);
  const { proxy, base } = bench;
  const context = bench.directory('context', { last: 'last', other: 'other' });
  const first = await bench.cached(tenSteps(base), context, { store: 'one' });
  t.is(first.steps.filter(({ status }) => status === 'done').length, 10);
  t.deepEqual(first.warnings, []);

  proxy.clear();
  const second = await bench.cached(tenSteps(base), context, { store: 'two' });
  t.deepEqual(new Set(second.steps.map(({ status }) => status)), new Set(['hit']));
  t.is(second.image.manifest.descriptor.digest, first.image.manifest.descriptor.digest);
  t.true(proxy.exchanges.length <= 2 * 10 + 4, `${proxy.exchanges.length} requests`);
  const isLayer = (digest: string) => layersOf(first).some((layer) => layer === digest);
  t.deepEqual([...fetchedBlobs(proxy).keys()].filter(isLayer), []);

  proxy.clear();
  await bench.cached(tenSteps(base), context, { store: 'two' });
  t.true(proxy.exchanges.length <= 2, `${proxy.exchanges.length} requests`);

  // Pushed to the same registry: nothing comes down, nothing goes up.
  proxy.clear();
  const pushed = await bench.cached(tenSteps(base), context, { store: 'three', push: `${proxy.host}/app:1` });
  t.deepEqual([...fetchedBlobs(proxy).keys()].filter(isLayer), []);
  const sent = proxy.exchanges.reduce((sum, exchange) => sum + exchange.sent, 0);
  t.true(sent < 32 * 1024, `${sent} bytes sent`);
  t.deepEqual(pushed.warnings, []);

  // A changed COPY as the last step needs no layer's bytes.
  proxy.clear();
  const copied = await bench.cached(tenSteps(base, 'COPY other /other'), context, { store: 'four' });
  t.deepEqual(statuses(copied).slice(-2), ['0.9 hit', '0.10 done']);
  t.deepEqual([...fetchedBlobs(proxy).keys()].filter(isLayer), []);

  // A changed RUN needs exactly those below it.
  proxy.clear();
  const ran = await bench.cached(tenSteps(base, 'RUN echo changed > /changed'), context, { store: 'five' });
  t.deepEqual(statuses(ran).slice(-2), ['0.9 hit', '0.10 done']);
  t.deepEqual([...fetchedBlobs(proxy).keys()].filter(isLayer).sort(), layersOf(first).slice(0, -1).sort());
  t.deepEqual(ran.warnings, []);
});

for (const where of ['repository', 'directory'] as const) {
  test(`two stores that build different branches at once, round after round, into one ${where} find each other’s steps`, async (t) => {
    const bench = await cacheBench(t);
    const place = where === 'repository' ? bench.place : { kind: 'layout' as const, path: join(bench.path, 'layout') };
    const cache = { from: [place], to: { place, mode: 'max' as const } };
    const branch = (name: string) =>
      `FROM ${bench.base}\nCOPY common /c\nRUN echo common > /r\nCOPY ${name} /x\nCOPY <<EOF /y\n${name}\nEOF\n`;
    const context = (name: string, round: number) =>
      bench.directory(`${name} ${round}`, { common: `${round}`, a: `a ${round}`, b: `b ${round}` });
    const build = (store: string, name: string, round: number) =>
      bench.build(branch(name), context(name, round), { store, cache, repository: 'registry.test/app' });
    const HITS = ['0.1 hit', '0.2 hit', '0.3 hit', '0.4 hit'];
    for (const round of [0, 1]) {
      const built = await Promise.all([build('a', 'a', round), build('b', 'b', round)]);
      for (const { warnings } of built) t.deepEqual(warnings, []);
    }
    // Of the last round in the other's store, of the first in a fresh one.
    for (const [store, name, round] of [
      ['a', 'b', 1],
      ['b', 'a', 1],
      ['c', 'a', 0],
      ['c', 'b', 0],
    ] as const) {
      const other = await build(store, name, round);
      t.deepEqual(statuses(other), HITS, `${store} builds ${name} of round ${round}`);
      t.deepEqual(other.warnings, []);
    }
  });
}

test('early cutoff from the cache: a stage that came out the same on another machine', async (t) => {
  const bench = await cacheBench(t);
  const context = bench.directory('context', { source: 'x', noise: '1' });
  const dockerfile = `FROM ${bench.base} AS build\nCOPY noise /noise\nCOPY source /source\nRUN read -r a < /source; echo "$a" > /out\nFROM ${bench.base}\nCOPY --from=build /out /out\nRUN echo after > /after\n`;
  const first = await bench.cached(dockerfile, context, { store: 'one' });
  writeFileSync(join(context, 'noise'), '2');
  bench.proxy.clear();
  const second = await bench.cached(dockerfile, context, { store: 'two' });
  t.deepEqual(statuses(second).sort(), ['0.1 done', '0.2 done', '0.3 done', '1.1 hit', '1.2 hit']);
  t.is(second.image.manifest.descriptor.digest, first.image.manifest.descriptor.digest);
});

test('a fresh checkout on another machine keeps the times of what did not change', async (t) => {
  const bench = await cacheBench(t);
  const context = bench.directory('context', { same: 'same', changed: 'before' });
  const touch = (seconds: number) => {
    for (const name of ['same', 'changed']) lutimesSync(join(context, name), seconds, seconds);
  };
  touch(1_700_000_000);
  await bench.cached('FROM scratch\nCOPY . /app/\n', context, { store: 'one' });
  writeFileSync(join(context, 'changed'), 'after');
  touch(1_700_000_100);
  const times: Record<string, bigint | undefined> = {};
  const built = await bench.cached('FROM scratch\nCOPY . /app/\n', context, {
    store: 'two',
    inspect: async (image, { files }) => {
      const source = files.source(image.layers, await files.tree(image.layers));
      for (const name of ['same', 'changed']) times[name] = (await source.lookup(`app/${name}`))?.mtime;
    },
  });
  t.deepEqual(statuses(built), ['0.1 done']);
  t.deepEqual(times, { same: 1_700_000_000_000_000_000n, changed: 1_700_000_100_000_000_000n });
});
