import test, { type ExecutionContext } from 'ava';
import { createWorkerPool } from '../../src/io/worker-pool.ts';
import type { EchoReply, EchoRequest } from '../fixtures/echo-worker.ts';

function makePool(t: ExecutionContext, size: number) {
  const script = new URL('../fixtures/echo-worker.ts', import.meta.url);
  const pool = createWorkerPool<EchoRequest, EchoReply>({ script, size });
  t.teardown(() => pool.close());
  return pool;
}

test('workers are used again, and no more run than asked for', async (t) => {
  const pool = makePool(t, 2);
  const replies = await Promise.all(Array.from({ length: 10 }, () => pool.run({ do: 'echo' })));
  t.is(new Set(replies.map(({ thread }) => thread)).size, 2);
  const [first, second] = [await pool.run({ do: 'echo' }), await pool.run({ do: 'echo' })];
  t.is(first.thread, second.thread);
});

test('a worker that dies fails its request only', async (t) => {
  const pool = makePool(t, 1);
  const { thread } = await pool.run({ do: 'echo' });
  await t.throwsAsync(pool.run({ do: 'exit' }), { message: /ended with code 3/ });
  await t.throwsAsync(pool.run({ do: 'throw' }), { message: 'thrown in a worker' });
  t.not((await pool.run({ do: 'echo' })).thread, thread);
});

test('aborting ends the worker at whatever it is', async (t) => {
  const pool = makePool(t, 1);
  const { thread } = await pool.run({ do: 'echo' });
  const controller = new AbortController();
  const reason = new Error('enough');
  const hanging = pool.run({ do: 'hang' }, { signal: controller.signal });
  const waiting = pool.run({ do: 'echo' });
  setImmediate(() => controller.abort(reason));
  t.is(await t.throwsAsync(hanging), reason);
  t.not((await waiting).thread, thread);
  t.is(await t.throwsAsync(pool.run({ do: 'echo' }, { signal: controller.signal })), reason);
});

test('what is transferred moves', async (t) => {
  const pool = makePool(t, 1);
  const bytes = new ArrayBuffer(1000);
  t.is((await pool.run({ do: 'echo', bytes }, { transfer: [bytes] })).bytes, 1000);
  t.is(bytes.byteLength, 0);
});

test('closing ends what is running', async (t) => {
  const pool = makePool(t, 1);
  const hanging = pool.run({ do: 'hang' });
  hanging.catch(() => {});
  await new Promise((resolve) => setTimeout(resolve, 20));
  await pool.close();
  await t.throwsAsync(hanging, { message: /ended/ });
});
