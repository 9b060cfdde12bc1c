import test from 'ava';
import { FRAME_MAX_BYTES, FRAME_MIN_BYTES, LARGE_FILE_BYTES, PIECE_BYTES } from '../../src/layer/format.ts';
import { planFrames } from '../../src/layer/frame-plan.ts';
import { layerParts } from '../../src/layer/layer-tar.ts';
import { digestOf } from '../../src/oci/digest.ts';
import type { Entry, LayerItem } from '../../src/snapshot/entry.ts';
import { PLAIN } from '../fixtures/layer-items.ts';

const item = (path: string, size: number, over: Partial<Entry> = {}): LayerItem => ({
  kind: 'entry',
  path,
  entry: { type: 'file', ...PLAIN, size, digest: digestOf(path), ...over },
});
const many = (count: number): LayerItem[] =>
  Array.from({ length: count }, (_, i) => item(`f${String(i).padStart(5, '0')}`, 500 + ((i * 7919) % 6000)));
const plan = (items: readonly LayerItem[]) => [...planFrames(layerParts(items))];
const identities = (items: readonly LayerItem[]) =>
  plan(items).flatMap((frame) => (frame.kind === 'large' ? frame.pieces : [frame]).map(({ identity }) => identity));
const missing = (from: readonly string[], now: readonly string[]) => now.filter((identity) => !from.includes(identity));

test('frames of small files keep their limits', (t) => {
  const frames = plan(many(5000));
  t.true(frames.length > 20);
  for (const frame of frames.slice(0, -1)) {
    if (frame.kind === 'large') return t.fail();
    t.true(frame.size >= FRAME_MIN_BYTES && frame.size <= FRAME_MAX_BYTES);
  }
});

test('a change makes new frames only near itself', (t) => {
  const items = many(5000);
  const before = identities(items);
  const changes: readonly (readonly [string, LayerItem[]])[] = [
    ['touched', items.with(2500, item('f02500', 500 + ((2500 * 7919) % 6000), { mtime: 5_000_000_000n }))],
    ['grown', items.with(2500, item('f02500', 100_000))],
    ['removed', items.toSpliced(2500, 1)],
    ['added', items.toSpliced(2500, 0, item('f02499a', 3000))],
    ['added at the start', items.toSpliced(0, 0, item('e', 3000))],
  ];
  for (const [title, changed] of changes) {
    const fresh = missing(before, identities(changed));
    t.true(fresh.length >= 1 && fresh.length <= 8, `${title}: ${fresh.length} of ${before.length}`);
  }
  t.is(missing(before, identities(changes[0]![1])).length, 1);
});

test('pieces of a large file depend on its content only', (t) => {
  const size = 2 * PIECE_BYTES + 1;
  const frames = plan([item('a', 10), item('big', size), item('c', 10)]);
  t.deepEqual(
    frames.map(({ kind }) => kind),
    ['entries', 'large', 'entries'],
  );
  const [, large] = frames;
  if (large?.kind !== 'large') return t.fail();
  t.deepEqual(
    large.pieces.map(({ start, length, padding }) => [start, length, padding]),
    [
      [0, PIECE_BYTES, 0],
      [PIECE_BYTES, PIECE_BYTES, 0],
      [2 * PIECE_BYTES, 1, 511],
    ],
  );
  const before = identities([item('a', 10), item('big', size), item('c', 10)]);
  const moved = { mtime: 7n, uid: 5, digest: digestOf('big') };
  const after = identities([item('a', 10), item('b/moved', size, moved), item('c', 10)]);
  t.is(missing(before, after).length, 1);
});

test('a file of the limit is no large file', (t) => {
  t.deepEqual(
    plan([item('a', LARGE_FILE_BYTES)]).map(({ kind }) => kind),
    ['entries', 'entries'],
  );
  t.deepEqual(
    plan([item('a', LARGE_FILE_BYTES + 1)]).map(({ kind }) => kind),
    ['entries', 'large', 'entries'],
  );
});

test('what a frame holds decides its identity: header, content, the end mark', (t) => {
  const [base] = identities([item('a', 10)]);
  for (const other of [
    item('a', 11),
    item('b', 10),
    item('a', 10, { mode: 0o600 }),
    item('a', 10, { digest: digestOf('x') }),
  ])
    t.not(identities([other])[0], base);
  t.is(identities([item('a', 10)])[0], base);
});
