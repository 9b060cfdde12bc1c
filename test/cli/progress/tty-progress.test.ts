import { setTimeout as delay } from 'node:timers/promises';
import test from 'ava';
import { widthOf } from '../../../src/cli/progress/fit-line.ts';
import { createLiveView } from '../../../src/cli/progress/live-view.ts';
import { ttyProgress } from '../../../src/cli/progress/tty-progress.ts';
import { systemClock } from '../../../src/io/clock.ts';

const start = (id: string, title: string, time = 0) => ({ type: 'step-start', id, title, stage: 's', time }) as const;
const log = (id: string, text: string) =>
  ({ type: 'step-log', id, stream: 'stdout', data: Buffer.from(text), time: 0 }) as const;
const blob = {
  type: 'transfer',
  direction: 'receive',
  digest: `sha256:${'a'.repeat(64)}`,
  place: 'r.example/x',
} as const;

test('no line is wider than the terminal, whatever characters are in it', (t) => {
  const view = createLiveView(0);
  view.take(start('a', `RUN echo ${'日本語'.repeat(40)}`));
  view.take(start('b', `RUN echo ${'e\u0301'.repeat(200)}`));
  view.take(start('c', `RUN echo ${'👩‍👩‍👧'.repeat(60)}`));
  view.take(log('a', `${'全角'.repeat(100)}\n\u001b[2J\u001b[1;1Hover\n`));
  view.take({ ...blob, id: 't', state: 'moving', bytes: 5e6, size: 1e7, durationMs: 1000, time: 0 });
  for (let columns = 1; columns <= 130; columns++) {
    const lines = view.live({ columns, rows: 20 }, 1500);
    t.true(lines.every(({ text }) => widthOf(text) <= columns));
    t.true(lines.every(({ text }) => !/[\u0000-\u001f]/.test(text)));
  }
  const wide = view.live({ columns: 100, rows: 20 }, 1500).map(({ text }) => text);
  t.true(wide.some((line) => line.endsWith('1.5s') && widthOf(line) === 100));
  t.true(
    wide.some((line) => line.includes('[============            ] 50% 5 MB/s')),
    wide.join('\n'),
  );
});

test('a screen that is too small for all shows how many there are besides', (t) => {
  const view = createLiveView(0);
  for (let i = 0; i < 200; i++) view.take(start(`s${i}`, `RUN ${i}`));
  const lines = view.live({ columns: 60, rows: 23 }, 0);
  t.is(lines.length, 23);
  t.is(lines.at(-1)?.text, ' => and 179 more');
  t.deepEqual(view.live({ columns: 60, rows: 1 }, 0).length, 1);
  t.deepEqual(view.live({ columns: 60, rows: 0 }, 0), []);
});

test('with room, running steps show the last of their output; what has ended is said once', (t) => {
  const view = createLiveView(0);
  view.take(start('a', 'RUN make'));
  view.take(log('a', Array.from({ length: 20 }, (_, i) => `line ${i}\n`).join('')));
  const live = view.live({ columns: 40, rows: 23 }, 0).map(({ text }) => text);
  t.deepEqual(
    live.slice(2),
    [14, 15, 16, 17, 18, 19].map((i) => ` => => # line ${i}`),
  );
  view.take({ type: 'step-end', id: 'a', status: 'hit', durationMs: 10, time: 0 });
  t.deepEqual(
    view.settled(40).map(({ text }) => text),
    [' => CACHED [s] RUN make             0.0s'],
  );
  t.deepEqual(view.settled(40), []);
  t.deepEqual(view.live({ columns: 40, rows: 23 }, 0), []);
});

test('200 steps that write all the time are a frame every 100 ms, each of one write', async (t) => {
  const writes: string[] = [];
  const terminal = { columns: 80, rows: 24, write: (text: string) => writes.push(text) };
  const started = performance.now();
  const view = ttyProgress(terminal, { clock: systemClock, isColored: false });
  for (let i = 0; i < 200; i++) view.progress(start(`s${i}`, `RUN ${i}`, Date.now()));
  for (let round = 0; round < 40; round++) {
    for (let i = 0; i < 200; i++) view.progress(log(`s${i}`, `round ${round}\n`));
    await delay(10);
  }
  view.end();
  const elapsed = performance.now() - started;
  t.true(writes.length >= 2);
  t.true(writes.length <= elapsed / 100 + 2, `${writes.length} writes in ${elapsed} ms`);
  t.true(writes.every((text) => text.startsWith('\u001b[?2026h') && text.endsWith('\u001b[?2026l')));
  // A frame is at most one screen, and a line that did not change is not sent again.
  t.true(writes.slice(1, -1).every((text) => text.length < 24 * 100));
});

test('a view that has ended writes what still comes', (t) => {
  const writes: string[] = [];
  const terminal = { columns: 80, rows: 24, write: (text: string) => writes.push(text) };
  const view = ttyProgress(terminal, { clock: systemClock, isColored: false });
  view.end();
  view.progress({ type: 'message', level: 'warning', text: 'late', time: 0 });
  t.true(writes.join('').includes('warning: late'));
});
