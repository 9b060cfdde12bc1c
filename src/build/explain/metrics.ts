import * as z from 'zod';
import type { Meter, Spent } from '../meter.ts';
import type { Explanation, StepExplanation } from './explain-build.ts';

const bytesSchema = z.object({
  /** Compressed bytes of layers that hits gave and that nothing fetched. */
  saved: z.number(),
  /** Compressed bytes of layers that steps made. */
  made: z.number(),
  /** Bytes of blobs from and to registries and caches. */
  received: z.number(),
  sent: z.number(),
});
const requestsSchema = z.object({
  /** HTTP requests to registries and caches, tokens included. */
  spent: z.number(),
  /** Those that asking the caches for a hit of this store would have cost: its record and its layer, in each. */
  saved: z.number(),
});

const countsSchema = z.object({
  /** What hits took when they were made, in ms; what misses took now. */
  savedMs: z.number(),
  spentMs: z.number(),
  bytes: bytesSchema,
  requests: requestsSchema,
});

/** What --metrics-file holds as JSON (docs/explain.md, "Metrics"). */
export const metricsSchema = z.object({
  version: z.literal(1),
  build: z.string(),
  name: z.string(),
  dockerfile: z.string(),
  target: z.string(),
  /** RFC 3339 */
  started: z.string(),
  durationMs: z.number(),
  result: z.enum(['done', 'failed']),
  /** Steps' numbers, and what the build asked for on no step's account, such as manifests and pushed images. */
  total: countsSchema.extend({
    steps: z.number(),
    hits: z.number(),
    misses: z.number(),
    failed: z.number(),
    notRun: z.number(),
    hitsByContentKey: z.number(),
    /** By the cache that they were found in; `store` is this machine's. */
    hitsFrom: z.record(z.string(), z.number()),
    /** Misses by each kind of cause that they had. */
    reasons: z.record(z.string(), z.number()),
  }),
  steps: z.array(
    countsSchema.extend({
      id: z.string(),
      stage: z.string(),
      title: z.string(),
      status: z.enum(['hit', 'miss', 'failed', 'not-run']),
      by: z.enum(['step-key', 'content-key']).optional(),
      from: z.string().optional(),
      reasons: z.array(z.string()),
    }),
  ),
});

export type Metrics = z.infer<typeof metricsSchema>;
type Counts = z.infer<typeof countsSchema>;

/** Requests that a look-up costs in each cache: the record's manifest, and whether its layer is there. */
const LOOKUP_REQUESTS = 2;
const STORE = 'store';

/** @param caches how many the build read from */
export function buildMetrics(explanation: Explanation, meter: Meter, caches: number): Metrics {
  const { steps, id, spent: _, images: __, ...build } = explanation;
  const counted = steps.map((step) => {
    const { stage, title, status, by, from } = step;
    const isHit = status === 'hit';
    return {
      ...{ id: step.id, stage, title, status },
      ...(by === undefined ? {} : { by }),
      ...(isHit ? { from: from ?? STORE } : {}),
      reasons: status === 'miss' || status === 'failed' ? [...new Set(step.causes.map(({ kind }) => kind))] : [],
      ...counts(step, meter.of(step.key), caches),
    };
  });
  const spent = meter.total();
  const sum = (value: (counts: Counts) => number): number => counted.reduce((total, step) => total + value(step), 0);
  const having = (status: Metrics['steps'][number]['status']) => counted.filter((step) => step.status === status);
  return {
    version: 1,
    build: id,
    ...build,
    total: {
      steps: counted.length,
      hits: having('hit').length,
      misses: having('miss').length,
      failed: having('failed').length,
      notRun: having('not-run').length,
      hitsByContentKey: having('hit').filter(({ by }) => by === 'content-key').length,
      hitsFrom: tally(having('hit').map(({ from }) => from ?? STORE)),
      reasons: tally(counted.flatMap(({ reasons }) => reasons)),
      savedMs: sum(({ savedMs }) => savedMs),
      spentMs: sum(({ spentMs }) => spentMs),
      bytes: {
        saved: sum(({ bytes }) => bytes.saved),
        made: sum(({ bytes }) => bytes.made),
        received: spent.received,
        sent: spent.sent,
      },
      requests: { spent: spent.requests, saved: sum(({ requests }) => requests.saved) },
    },
    steps: counted,
  };
}

function counts({ status, result, from }: StepExplanation, spent: Spent, caches: number): Counts {
  const isHit = status === 'hit';
  const { size = 0, durationMs = 0 } = result ?? {};
  return {
    savedMs: isHit ? durationMs : 0,
    spentMs: isHit ? 0 : durationMs,
    bytes: {
      saved: isHit ? Math.max(0, size - spent.received) : 0,
      made: isHit ? 0 : size,
      received: spent.received,
      sent: spent.sent,
    },
    requests: { spent: spent.requests, saved: isHit && from === undefined ? caches * LOOKUP_REQUESTS : 0 },
  };
}

function tally(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
