import * as z from 'zod';
import { digestSchema } from '../../oci/descriptor.ts';

/** What a step stands on, or reads from: another step, an image, or nothing. */
const parentSchema = z.object({
  /** As it is in the step key. */
  key: z.string(),
  /** The step that gives it. */
  step: z.string().optional(),
  /** The stage's name. */
  stage: z.string().optional(),
  image: z.object({ reference: z.string(), digest: digestSchema }).optional(),
});

/** What was asked of registries and caches: requests, bytes of blobs. */
const spentSchema = z.object({ requests: z.number(), received: z.number(), sent: z.number() });

/** How a step came out; `not-run`: nobody had to have its files, or the build ended before. */
const STATUSES = ['hit', 'miss', 'failed', 'not-run'] as const;

/** Why a record that could have been one was none, or why none was looked for. */
const REFUSALS = [
  /** --no-cache */
  'no-cache',
  /** --no-cache-filter, or the stage that it stands on has it */
  'no-cache-filter',
  /** The layer of its record is neither in the store nor in a cache. */
  'layer-gone',
  /** Older than --cache-ttl. */
  'too-old',
  /** Not signed by --cache-key. */
  'wrong-signature',
  /** Damaged, or of another key, format or platform. */
  'damaged',
  /** A cache did not answer. */
  'unreachable',
  /** Made on other files than those that are here now. */
  'other-parent',
] as const;

const stepSchema = z.object({
  /** Its own in the build. */
  id: z.string(),
  stage: z.string(),
  /** In its stage, from 0. */
  ordinal: z.number().int(),
  kind: z.enum(['run', 'copy', 'add', 'workdir']),
  /** The instruction's text on one line. */
  title: z.string(),
  line: z.number().int(),
  platform: z.string(),
  key: digestSchema,
  parent: parentSchema,
  /** Done on nothing: what it stands on is none of its inputs. */
  apart: z.boolean(),
  sources: z.array(parentSchema),
  /** For each source the digest of the list of files that the step takes from it; null where nobody had to know it. */
  taken: z.array(digestSchema.nullable()).optional(),
  status: z.enum(STATUSES),
  /** Of a hit: the key that found it. */
  by: z.enum(['step-key', 'content-key']).optional(),
  /** Of a hit: the cache that it was found in; absent for this store. */
  from: z.string().optional(),
  /** Of a miss. */
  refusal: z.enum(REFUSALS).optional(),
  /** Names of variables that come from ARG. */
  args: z.array(z.string()),
  /** When this build looked at it or did it, in ms since the build began; absent for one that nothing needed. */
  time: z.object({ startMs: z.number(), durationMs: z.number() }).optional(),
  spent: spentSchema.optional(),
  /** What it gave. */
  result: z
    .object({
      tree: z.object({ exact: digestSchema, content: digestSchema }),
      layer: digestSchema,
      /** Compressed, in bytes. */
      size: z.number(),
      /** What making it took, whenever that was. */
      durationMs: z.number(),
      created: z.string(),
    })
    .optional(),
});

/** One build, as the catalog keeps it (docs/store-format.md, "history"). */
export const buildRecordSchema = z.object({
  version: z.literal(1),
  id: z.string(),
  /** Of a build that another machine did: the cache that told of it. */
  from: z.string().optional(),
  /** RFC 3339 */
  started: z.string(),
  durationMs: z.number(),
  result: z.enum(['done', 'failed']),
  /** The repository or the context's name. */
  name: z.string(),
  dockerfile: z.string(),
  target: z.string(),
  steps: z.array(stepSchema),
  spent: spentSchema.optional(),
  /** What it gave, for each platform; absent when it failed. */
  images: z
    .array(
      z.object({
        platform: z.string(),
        digest: digestSchema,
        layers: z.array(z.object({ digest: digestSchema, diffId: digestSchema, size: z.number() })),
      }),
    )
    .optional(),
});

export type BuildRecord = z.infer<typeof buildRecordSchema>;
/** What builds have in common that are compared with each other first. */
export type BuildOwner = Pick<BuildRecord, 'name' | 'dockerfile'>;
export type RecordedStep = z.infer<typeof stepSchema>;
export type RecordedParent = z.infer<typeof parentSchema>;
export type Refusal = (typeof REFUSALS)[number];
