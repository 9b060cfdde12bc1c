import * as z from 'zod';

const common = {
  /** RFC 3339 */
  time: z.iso.datetime(),
};

/** A line of `--progress json` (docs/progress.md). Fields may be added; none changes its meaning. */
export const progressLineSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('step-start'), ...common, id: z.string(), title: z.string(), stage: z.string() }),
  z.object({
    type: z.literal('step-log'),
    ...common,
    id: z.string(),
    stream: z.enum(['stdout', 'stderr']),
    data: z.string(),
  }),
  z.object({
    type: z.literal('step-end'),
    ...common,
    id: z.string(),
    status: z.enum(['hit', 'done', 'failed', 'canceled']),
    durationMs: z.number(),
    detail: z.string().optional(),
    savedMs: z.number().optional(),
    frames: z.object({ compressed: z.number(), reused: z.number(), bytes: z.number() }).optional(),
  }),
  z.object({
    type: z.literal('transfer'),
    ...common,
    id: z.string(),
    state: z.enum(['started', 'moving', 'done', 'failed']),
    direction: z.enum(['receive', 'send']),
    digest: z.string(),
    place: z.string(),
    bytes: z.number(),
    size: z.number(),
    durationMs: z.number(),
  }),
  z.object({
    type: z.literal('context-read'),
    ...common,
    context: z.string(),
    listed: z.number(),
    stats: z.number(),
    opened: z.number(),
    hashedBytes: z.number(),
  }),
  z.object({
    type: z.literal('message'),
    ...common,
    level: z.enum(['info', 'warning', 'debug']),
    text: z.string(),
  }),
  z.object({
    type: z.literal('bake-end'),
    ...common,
    targets: z.array(
      z.object({
        name: z.string(),
        status: z.enum(['built', 'hit', 'failed', 'skipped']),
        hits: z.number(),
        done: z.number(),
        digest: z.string().optional(),
        because: z.string().optional(),
      }),
    ),
  }),
  z.object({
    type: z.literal('build-end'),
    ...common,
    result: z.enum(['done', 'failed']),
    durationMs: z.number(),
    hits: z.number(),
    savedMs: z.number(),
    done: z.number(),
    failed: z.number(),
    received: z.number(),
    sent: z.number(),
  }),
]);

export type ProgressLine = z.infer<typeof progressLineSchema>;
