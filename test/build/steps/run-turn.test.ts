import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { takeRunTurn } from '../../../src/build/steps/run-turn.ts';

test('RUNs go side by side, one with secrets alone, and who waits for that is not overtaken', async (t) => {
  const path = mkdtempSync(join(tmpdir(), 'varve-turn-'));
  t.teardown(() => rmSync(path, { recursive: true, force: true }));
  const { signal } = new AbortController();
  const order: string[] = [];
  const take = async (name: string, isAlone: boolean): Promise<Disposable> => {
    const turn = await takeRunTurn({ path }, isAlone, signal);
    order.push(name);
    return turn;
  };
  const [one, two] = [await take('one', false), await take('two', false)];
  const alone = take('alone', true);
  const later = take('later', false);
  one[Symbol.dispose]();
  t.deepEqual(order, ['one', 'two']);
  two[Symbol.dispose]();
  const held = await alone;
  t.deepEqual(order, ['one', 'two', 'alone']);
  held[Symbol.dispose]();
  (await later)[Symbol.dispose]();
  t.deepEqual(order, ['one', 'two', 'alone', 'later']);
});

test('who is told to end does not wait on', async (t) => {
  const path = mkdtempSync(join(tmpdir(), 'varve-turn-'));
  t.teardown(() => rmSync(path, { recursive: true, force: true }));
  const stop = new AbortController();
  using _first = await takeRunTurn({ path }, true, stop.signal);
  const second = takeRunTurn({ path }, false, stop.signal);
  stop.abort();
  await t.throwsAsync(second, { name: 'AbortError' });
});
