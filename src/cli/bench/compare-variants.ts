import {
  type BenchMode,
  hitRate,
  type ScriptRow,
  type Spread,
  seriesName,
  spreadOf,
  stepsOf,
  sum,
} from './bench-row.ts';

/** Fewer cannot tell: of two times four, all of one are faster by chance in 2 of 70 cases; of two times two, in 2 of 6. */
export const TELLING_REPEATS = 4;

/** A variant (of a builder) beside the first one, in the same mode. */
export interface Comparison {
  readonly variant: string;
  readonly mode: BenchMode;
  readonly rate: number | undefined;
  readonly failed: number;
  /** Mean time of a build after an edit, in ms: over repeats. */
  readonly time: Spread;
  /** Of builds in a month, in ms, against the first variant; undefined for that one, and where a build of either failed. */
  readonly savedMs: number | undefined;
  /** All repeats of one were faster than all of the other, or slower; undefined with fewer repeats than can tell. */
  readonly isClear: boolean | undefined;
}

/** What the variants come to, by mode in the order of the rows. */
export function compareVariants(rows: readonly ScriptRow[], buildsPerMonth: number): Comparison[] {
  const edited = rows.filter(({ edit }) => edit !== undefined);
  return [...Map.groupBy(edited, ({ mode }) => mode)].flatMap(([mode, ofMode]) => {
    const all = [...Map.groupBy(ofMode, ({ variant, builder }) => seriesName(variant, builder))].map(
      ([variant, own]) => {
        const means = [...Map.groupBy(own, ({ repeat }) => repeat).values()].map(
          (ofRepeat) => sum(ofRepeat, ({ wallMs }) => wallMs) / ofRepeat.length,
        );
        const failed = own.filter(({ result }) => result === 'failed').length;
        return { variant, mode, rate: hitRate(stepsOf(own)), failed, time: spreadOf(means)!, repeats: means.length };
      },
    );
    const [first] = all;
    return all.map(({ repeats, ...one }) => {
      const isCompared = first !== undefined && one.variant !== first.variant && first.failed + one.failed === 0;
      const isApart = isCompared && (one.time.max < first.time.min || one.time.min > first.time.max);
      return {
        ...one,
        savedMs: isCompared ? (first.time.median - one.time.median) * buildsPerMonth : undefined,
        isClear: isCompared && repeats >= TELLING_REPEATS ? isApart : undefined,
      };
    });
  });
}
