import test from 'ava';
import { createLimiter } from '../../src/io/limiter.ts';

test('never more than the limit at once, in the order asked, and all of them', async (t) => {
  const limiter = createLimiter(3);
  const begun: number[] = [];
  const endings: (() => void)[] = [];
  let active = 0;
  let most = 0;
  const tasks = Array.from({ length: 20 }, (_, i) =>
    limiter.run(async () => {
      begun.push(i);
      most = Math.max(most, ++active);
      await new Promise<void>((resolve) => endings.push(resolve));
      active--;
      if (i % 4 === 1) throw new Error(`task ${i}`);
      return i;
    }),
  );
  const settled = Promise.allSettled(tasks);
  let ended = 0;
  while (ended < 20) {
    t.true(endings.length > 0, 'a failed task gives its place back, too');
    for (const end of endings.splice(0)) {
      end();
      ended++;
    }
    await new Promise(setImmediate);
  }
  const results = await settled;
  t.is(most, 3);
  t.deepEqual(
    begun,
    Array.from({ length: 20 }, (_, i) => i),
  );
  for (const [i, result] of results.entries())
    if (i % 4 === 1) t.like(result, { status: 'rejected', reason: { message: `task ${i}` } });
    else t.deepEqual<unknown, unknown>(result, { status: 'fulfilled', value: i });
});
