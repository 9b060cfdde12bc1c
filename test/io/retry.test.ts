import test from 'ava';
import { defaultRetryPolicy, type RetryPolicy, retry, retryWait } from '../../src/io/retry.ts';

function policy(waits: number[], changes: Partial<RetryPolicy> = {}): RetryPolicy {
  const sleep = async (ms: number): Promise<void> => {
    waits.push(ms);
  };
  return { ...defaultRetryPolicy, baseMs: 100, capMs: 350, attempts: 5, random: () => 0.5, sleep, ...changes };
}

test('tries again until it succeeds, with doubling and capped waits', async (t) => {
  const waits: number[] = [];
  const result = await retry(async (attempt) => (attempt < 5 ? Promise.reject(new Error('no')) : attempt), {
    policy: policy(waits),
    verdict: () => ({}),
  });
  t.is(result, 5);
  t.deepEqual(waits, [75, 150, 262.5, 262.5]);
});

test('throws the last error when the attempts are used up', async (t) => {
  let runs = 0;
  const run = retry(async () => Promise.reject(new Error(`failure ${++runs}`)), {
    policy: policy([]),
    verdict: () => ({}),
  });
  await t.throwsAsync(run, { message: 'failure 5' });
});

test('a failure for good is not tried again', async (t) => {
  let runs = 0;
  const run = retry(async () => Promise.reject(new Error(`failure ${++runs}`)), {
    policy: policy([]),
    verdict: () => false,
  });
  await t.throwsAsync(run, { message: 'failure 1' });
  t.is(runs, 1);
});

test('waits as long as the other side asks, unless that is too long', (t) => {
  t.is(retryWait(policy([]), 1, 5000), 5000);
  t.is(retryWait(policy([]), 1, 10), 75);
  t.is(retryWait(policy([]), 1, 3_600_000), undefined);
});

test('an abort while waiting ends it with its reason', async (t) => {
  const controller = new AbortController();
  const reason = new Error('stop');
  const run = retry(async () => Promise.reject(new Error('no')), {
    policy: { ...defaultRetryPolicy, baseMs: 100_000, capMs: 100_000 },
    verdict: () => ({}),
    onRetry: () => queueMicrotask(() => controller.abort(reason)),
    signal: controller.signal,
  });
  t.is(await t.throwsAsync(run), reason);
});
