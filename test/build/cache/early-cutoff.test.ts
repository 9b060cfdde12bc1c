import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { type Built, buildBench } from '../support/build-bench.ts';

const statuses = ({ steps }: Built) => steps.map(({ id, status }) => `${id} ${status}`).sort();

test('COPY --from hits when the selected files are the same, whatever happened in the stage', async (t) => {
  const bench = buildBench(t);
  const context = bench.directory('context', { out: 'out', noise: '1', more: 'more' });
  const dockerfile = [
    'FROM scratch AS build',
    'COPY noise /noise',
    'COPY out /out/',
    'FROM scratch',
    'COPY --from=build /out/ /app/',
    'COPY more /app/more',
    '',
  ].join('\n');
  const first = await bench.build(dockerfile, context);
  t.deepEqual(statuses(first), ['0.1 done', '0.2 done', '1.1 done', '1.2 done']);

  writeFileSync(join(context, 'noise'), '2');
  const second = await bench.build(dockerfile, context);
  t.deepEqual(statuses(second), ['0.1 done', '0.2 done', '1.1 hit', '1.2 hit']);
  t.is(second.image.manifest.descriptor.digest, first.image.manifest.descriptor.digest);

  writeFileSync(join(context, 'out'), 'other');
  t.deepEqual(statuses(await bench.build(dockerfile, context)), ['0.1 hit', '0.2 done', '1.1 done', '1.2 done']);
});

test('after a step that came out the same, what follows hits, through FROM of a stage too', async (t) => {
  const bench = buildBench(t);
  const context = bench.directory('context', { a: 'a', b: 'b', c: 'c' });
  const dockerfile = (first: string) =>
    `FROM scratch AS one\n${first}\nFROM one AS two\nCOPY b /b\nFROM two\nCOPY c /c\nWORKDIR /w\n`;
  await bench.build(dockerfile('COPY a /a'), context);
  const again = await bench.build(dockerfile('COPY --chmod=644 a /a'), context);
  t.deepEqual(statuses(again), ['0.1 done', '1.1 hit', '2.1 hit', '2.2 hit']);
});

test('a bind mount from a stage counts by what it shows', async (t) => {
  const bench = buildBench(t);
  const busybox = readFileSync('/usr/bin/busybox');
  const context = bench.directory('context', { busybox, shown: 'shown', hidden: '1' });
  const dockerfile = [
    'FROM scratch AS files',
    'COPY hidden /hidden',
    'COPY shown /shown/file',
    'FROM scratch',
    'COPY --chmod=755 busybox /bin/sh',
    'RUN --mount=type=bind,from=files,source=/shown,target=/in read -r text < /in/file; echo "$text" > /result',
    '',
  ].join('\n');
  t.true(statuses(await bench.build(dockerfile, context)).includes('1.2 done'));
  writeFileSync(join(context, 'hidden'), '2');
  t.deepEqual(statuses(await bench.build(dockerfile, context)), ['0.1 done', '0.2 done', '1.1 hit', '1.2 hit']);
  writeFileSync(join(context, 'shown'), 'other');
  t.true(statuses(await bench.build(dockerfile, context)).includes('1.2 done'));
});
