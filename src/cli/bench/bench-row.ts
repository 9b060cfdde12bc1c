import * as z from 'zod';

/** How the cache is between two commits. */
export const BENCH_MODES = ['warm', 'ci', 'cold'] as const;
export type BenchMode = (typeof BENCH_MODES)[number];

/** One build of a benchmark. */
export const benchRowSchema = z.object({
  mode: z.enum(BENCH_MODES),
  commit: z.string(),
  subject: z.string(),
  /** From 0, oldest first. */
  index: z.number().int(),
  result: z.enum(['done', 'failed']),
  /** Of the whole process. */
  wallMs: z.number(),
  hits: z.number(),
  misses: z.number(),
  /** Misses by each kind of cause that they had (docs/explain.md). */
  reasons: z.record(z.string(), z.number()),
  savedMs: z.number(),
  /** Compressed bytes of new layers. */
  madeBytes: z.number(),
  receivedBytes: z.number(),
  sentBytes: z.number(),
  /** Steps that missed: what and why. */
  missed: z.array(z.object({ stage: z.string(), title: z.string(), reasons: z.array(z.string()) })),
});

export type BenchRow = z.infer<typeof benchRowSchema>;

/** Share of steps that hit, 0 to 1; undefined for a build without steps. */
export function hitRate({ hits, misses }: BenchRow): number | undefined {
  return hits + misses ? hits / (hits + misses) : undefined;
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
