import test from 'ava';
import type { BenchPoint, ScriptRow } from '../../../src/cli/bench/bench-row.ts';
import { compareVariants } from '../../../src/cli/bench/compare-variants.ts';
import { findingsOf } from '../../../src/cli/bench/findings.ts';
import { missRoots } from '../../../src/cli/bench/miss-roots.ts';

const NONE = { reasons: {}, savedMs: 0, madeBytes: 0, receivedBytes: 0, sentBytes: 0 };

function point(index: number, missed: [title: string, reasons: string[], spentMs: number][]): BenchPoint {
  return {
    ...NONE,
    ...{ result: 'done', wallMs: 1000, hits: 4 - missed.length, misses: missed.length },
    missed: missed.map(([title, reasons, spentMs]) => ({ stage: 's', title, reasons, spentMs })),
    ...{ index, label: String(index), detail: '' },
  };
}

const SERIES = {
  builder: 'varve',
  given: 'warm',
  name: 'warm',
  points: [
    point(0, [
      ['COPY . .', ['no-history'], 9],
      ['RUN npm ci', ['no-history'], 90_000],
    ]),
    point(1, [
      ['COPY . .', ['files'], 10],
      ['RUN npm ci', ['step'], 30_000],
      ['RUN npm test', ['step'], 5000],
    ]),
    point(2, [
      ['RUN npm test', ['argument', 'step'], 5000],
      ['COPY --from=s / /', ['source'], 20],
    ]),
  ],
};

test('what ran again is laid to the step that missed for a reason of its own; first builds count for nothing', (t) => {
  const roots = missRoots([SERIES]);
  t.deepEqual(
    roots.map(({ title, builds, kinds, ownMs, laterMs, later }) => [title, builds, kinds, ownMs, laterMs, later]),
    [
      ['COPY . .', 1, ['files'], 10, 35_000, ['RUN npm ci', 'RUN npm test']],
      ['RUN npm test', 1, ['argument'], 5000, 20, ['COPY --from=s / /']],
    ],
  );
  const { rates, causes, advice } = findingsOf([SERIES]);
  t.true(rates[0]!.startsWith('warm: 42% of steps hit (5 of 12, in 3 builds).'));
  t.regex(causes[0]!, /`COPY \. \.` of s missed in 1 builds, .*`RUN npm ci` and 1 more ran again .*35\.0s/);
  t.regex(advice[0]!, /^`RUN npm ci` runs again .* copy only what it needs .* put `COPY \. \.` below it\.$/);
  t.regex(advice[1]!, /^A variable of `RUN npm test` changes/);
  t.deepEqual(findingsOf([]), { rates: [], peers: [], causes: [], advice: [] });
});

test('whoever copies single files is not told to copy less', (t) => {
  const advice = (title: string) => {
    const first = point(0, [[title, ['no-history'], 9]]);
    const next = point(1, [
      [title, ['files'], 10],
      ['RUN npm ci', ['step'], 30_000],
    ]);
    return findingsOf([{ ...SERIES, points: [first, next] }]).advice[0]!;
  };
  t.regex(
    advice('COPY --chown=1 package.json lib/package-lock.json ./'),
    /single files, .*`RUN npm ci` keep .* cache mount/,
  );
  for (const title of ['COPY src package.json ./', 'COPY *.json ./', 'COPY . /'])
    t.regex(advice(title), /copy only what it needs/, title);
});

function rows(variant: string, times: readonly number[], result: 'done' | 'failed' = 'done'): ScriptRow[] {
  return times.flatMap((wallMs, i) => {
    const row = {
      ...NONE,
      builder: 'varve',
      variant,
      mode: 'warm' as const,
      repeat: i + 1,
      input: '',
      missed: [],
      hits: 1,
      misses: 1,
    };
    return [
      { ...row, index: 0, wallMs: 99_999, result: 'done' as const },
      { ...row, index: 1, edit: 'e', wallMs, result },
    ];
  });
}

test('variants are compared with the first one; only four repeats that are all faster are clear', (t) => {
  const clear = (a: number[], b: number[]) => compareVariants([...rows('a', a), ...rows('b', b)], 100)[1]!;
  t.like(clear([10, 11, 12, 13], [5, 6, 7, 9]), { savedMs: 500, isClear: true, time: { min: 5, median: 6.5, max: 9 } });
  t.is(clear([10, 11, 12, 13], [5, 6, 7, 10]).isClear, false);
  t.like(clear([5, 6, 7, 8], [10, 11, 12, 13]), { savedMs: -500, isClear: true });
  t.like(clear([10, 11], [1, 1]), { savedMs: 950, isClear: undefined });
  const failed = compareVariants([...rows('a', [1]), ...rows('b', [2], 'failed')], 100);
  t.deepEqual(
    failed.map(({ savedMs, failed }) => [savedMs, failed]),
    [
      [undefined, 0],
      [undefined, 1],
    ],
  );
});

test('a peer is compared build by build, where both succeeded', (t) => {
  const of = (builder: string, times: readonly number[]) => ({
    name: builder,
    builder,
    given: 'warm',
    points: times.map((wallMs, index) => ({ ...point(index, []), wallMs, hits: 1, misses: 1 })),
  });
  const [peer] = findingsOf([of('varve', [1000, 1000, 4000]), of('buildah', [3000, 2000, 4000])]).peers;
  t.is(
    peer,
    "warm: 50% of varve's steps hit, 50% of buildah's. buildah takes 2.00 times as long as varve for the same build (median of 3; 1.00 to 3.00).",
  );
  t.deepEqual(findingsOf([of('varve', [1000])]).peers, []);
});
