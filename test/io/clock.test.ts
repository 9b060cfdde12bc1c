import test from 'ava';
import { fixedClock, systemClock } from '../../src/io/clock.ts';

test('the system clock counts from 1970, and its durations never go back', (t) => {
  const before = Date.now();
  t.true(systemClock.now() >= before);
  const first = systemClock.monotonic();
  t.true(systemClock.monotonic() >= first);
});

test('a fixed clock stands still', (t) => {
  const clock = fixedClock(86_400_000);
  t.deepEqual([clock.now(), clock.now(), clock.monotonic() - clock.monotonic()], [86_400_000, 86_400_000, 0]);
});
