import * as z from 'zod';

/** How the cache is between two builds. */
export const BENCH_MODES = ['warm', 'ci', 'cold'] as const;
export type BenchMode = (typeof BENCH_MODES)[number];

export const OWN_BUILDER = 'varve';

/** What one build came to. */
export const measuredSchema = z.object({
  result: z.enum(['done', 'failed']),
  /** Of the whole process. */
  wallMs: z.number(),
  hits: z.number(),
  misses: z.number(),
  /** Misses by each kind of cause that they had (docs/explain.md). */
  reasons: z.record(z.string(), z.number()),
  /** These four are what varve says of itself; no other builder does. */
  savedMs: z.number().optional(),
  /** Compressed bytes of new layers. */
  madeBytes: z.number().optional(),
  receivedBytes: z.number().optional(),
  sentBytes: z.number().optional(),
  /** What the builder's store takes more on disk than before (not in rows of before that was measured). */
  diskBytes: z.number().optional(),
  /** Steps that missed: what, why, and how long they took (not in rows of before that was measured). */
  missed: z.array(
    z.object({
      stage: z.string(),
      title: z.string(),
      reasons: z.array(z.string()),
      spentMs: z.number().default(0),
    }),
  ),
});

export type Measured = z.infer<typeof measuredSchema>;

/** One build of a benchmark of a history. */
export const historyRowSchema = measuredSchema.extend({
  builder: z.string().default(OWN_BUILDER),
  mode: z.enum(BENCH_MODES),
  commit: z.string(),
  subject: z.string(),
  /** From 0, oldest first. */
  index: z.number().int(),
  /** Digest of what every commit was built with (none in rows of before that was kept). */
  input: z.string().default(''),
});

export type HistoryRow = z.infer<typeof historyRowSchema>;

/** One build of a benchmark of a script. */
export const scriptRowSchema = measuredSchema.extend({
  builder: z.string().default(OWN_BUILDER),
  variant: z.string(),
  mode: z.enum(BENCH_MODES),
  /** From 1. */
  repeat: z.number().int(),
  /** From 0, which is the build before any edit. */
  index: z.number().int(),
  /** Absent in the build before any edit. */
  edit: z.string().optional(),
  /** Digest of all that was measured: script, files, edits. */
  input: z.string(),
});

export type ScriptRow = z.infer<typeof scriptRowSchema>;

/** A build as tables and plots show it. */
export interface BenchPoint extends Measured {
  /** Its place in the plots, from 0. */
  readonly index: number;
  /** What was built: a commit, an edit. */
  readonly label: string;
  readonly detail: string;
}

/** Builds that are compared with others: those of a builder and mode, or of a builder, mode and variant. */
export interface BenchSeries {
  readonly name: string;
  readonly builder: string;
  /** What its builder was given: series of several builders with the same one are beside each other. */
  readonly given: string;
  readonly points: readonly BenchPoint[];
}

/** A builder's series: varve's are named by what it was given alone. */
export function seriesName(given: string, builder: string): string {
  return builder === OWN_BUILDER ? given : `${given}, ${builder}`;
}

/** Hits and misses of several builds. */
export function stepsOf(rows: readonly Measured[]): { readonly hits: number; readonly misses: number } {
  return { hits: sum(rows, ({ hits }) => hits), misses: sum(rows, ({ misses }) => misses) };
}

/** Share of steps that hit, 0 to 1; undefined without steps. */
export function hitRate({ hits, misses }: Pick<Measured, 'hits' | 'misses'>): number | undefined {
  return hits + misses ? hits / (hits + misses) : undefined;
}

export function failedOf(rows: readonly Measured[]): number {
  return rows.filter(({ result }) => result === 'failed').length;
}

export function sum<T>(rows: readonly T[], value: (row: T) => number): number {
  return rows.reduce((total, row) => total + value(row), 0);
}

/** A sum of what is known of every row; undefined where it is not. */
export function knownSum<T>(rows: readonly T[], value: (row: T) => number | undefined): number | undefined {
  const values = rows.flatMap((row) => value(row) ?? []);
  return values.length === rows.length ? sum(values, (one) => one) : undefined;
}

export interface Spread {
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

/** @returns undefined for no values */
export function spreadOf(values: readonly number[]): Spread | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [min, max] = [sorted[0], sorted.at(-1)];
  if (min === undefined || max === undefined) return undefined;
  const median = sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
  return { min, median, max };
}
