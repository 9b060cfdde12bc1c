import test from 'ava';
import { watchSteps } from '../../../src/build/explain/step-watch.ts';
import { fixedClock } from '../../../src/io/clock.ts';

test('of much output both ends are kept, in whole lines', (t) => {
  const watch = watchSteps(() => {}, fixedClock(0));
  const write = (id: string, text: string): void =>
    watch.progress({ type: 'step-log', id, stream: 'stdout', data: Buffer.from(text), time: 0 });
  write('short', 'a\n');
  write('short', 'b');
  t.is(watch.log('short'), 'a\nb');
  t.is(watch.log('none'), undefined);
  for (let i = 0; i < 100_000; i++) write('long', `line ${i}\n`);
  const lines = watch.log('long')!.split('\n');
  t.is(lines[0], 'line 0');
  t.is(lines.at(-2), 'line 99999');
  const cut = lines.indexOf('[…]');
  t.true(lines.slice(0, cut).every((line, i) => line === `line ${i}`));
  t.regex(lines[cut + 1]!, /^line \d+$/);
  t.true(watch.log('long')!.length <= 129 * 1024);
  // 100 KiB are both ends, and nothing between them.
  write('fits', `${'x'.repeat(99)}\n`.repeat(1024));
  t.is(watch.log('fits')!.length, 100 * 1024);
});

test('when steps began and what they took, from the build’s start', (t) => {
  const watch = watchSteps(() => {}, fixedClock(1000));
  watch.progress({ type: 'step-start', id: 'a', title: '', stage: '', time: 1500 });
  watch.progress({ type: 'step-end', id: 'a', status: 'done', durationMs: 250.4, time: 1750 });
  t.deepEqual(watch.time('a'), { startMs: 500, durationMs: 250 });
  t.is(watch.time('b'), undefined);
});
