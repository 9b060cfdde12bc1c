import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { exportImage } from '../../../src/build/output/export-image.ts';
import { parseReference } from '../../../src/oci/reference.ts';
import { startRegistry } from '../../support/registry.ts';
import { type Built, buildBench } from '../support/build-bench.ts';

const statuses = ({ steps }: Built) => steps.map(({ status }) => status);
const pulls = ({ events, image }: Built) =>
  events.filter(
    (event) =>
      event.type === 'transfer' &&
      event.state === 'started' &&
      image.layers.some(({ descriptor }) => descriptor.digest === event.digest),
  ).length;

test('COPY --link: a changed base is not needed, and the layer is used again', async (t) => {
  const registry = await startRegistry();
  t.teardown(() => registry.stop());
  const bench = buildBench(t);
  const name = `${registry.host}/base:1`;
  const insecureRegistry = registry.host;
  const pushBase = (content: string) =>
    bench.build('FROM scratch\nCOPY . /\n', bench.directory('base', { 'app/of-base': content }), {
      insecureRegistry,
      store: 'other',
      inspect: (image, services) =>
        exportImage(
          { images: [{ platform: services.platform, image }] },
          {
            outputs: [{ type: 'registry', names: [] }],
            tags: [parseReference(name)],
            stdout: process.stdout,
            isRoot: true,
          },
          services,
        ),
    });
  const context = bench.directory('context', { a: 'a', b: 'b' });
  const dockerfile = `FROM ${name}\nCOPY --link a /app/\nADD --link --chown=5:6 b /app/\n`;
  const build = () => bench.build(dockerfile, context, { insecureRegistry });

  await pushBase('one');
  const first = await build();
  t.deepEqual(statuses(first), ['done', 'done']);
  t.is(pulls(first), 0);

  await pushBase('two');
  const second = await build();
  t.deepEqual(statuses(second), ['hit', 'hit']);
  t.is(pulls(second), 0);
  t.notDeepEqual(second.image.layers[0], first.image.layers[0]);
  t.deepEqual(second.image.layers.slice(1), first.image.layers.slice(1));
});

test('COPY --link: what follows sees the files of the base and of the copy', async (t) => {
  const bench = buildBench(t);
  const context = bench.directory('context', { base: 'base', a: 'a', b: 'b', 'c/d': 'd' });
  const dockerfile = (link: string) => `
    FROM scratch AS base
    COPY base /app/base
    COPY b /app/a
    FROM base
    COPY ${link} a /app/
    COPY ${link} c /app/
    WORKDIR /app/new
    FROM scratch
    COPY --from=1 /app /all
    COPY --from=1 /app/a /alone
  `;
  const plain = await bench.build(dockerfile(''), context, { store: 'plain' });
  const linked = await bench.build(dockerfile('--link'), context);
  // The last stage only: its layers come from the whole of the linked ones.
  t.deepEqual(
    linked.image.layers.map(({ diffId }) => diffId),
    plain.image.layers.map(({ diffId }) => diffId),
  );
  writeFileSync(join(context, 'base'), 'other');
  const again = await bench.build(dockerfile('--link'), context);
  t.deepEqual(again.steps.map(({ id, status }) => `${id} ${status}`).sort(), [
    '0.1 done',
    '0.2 done',
    '1.1 hit',
    '1.2 hit',
    '1.3 done',
    '2.1 done',
    '2.2 done',
  ]);
});
