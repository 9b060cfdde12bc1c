import { promisify } from 'node:util';
import { zstdCompress, zstdDecompress } from 'node:zlib';
import * as z from 'zod';
import { digestSchema } from '../../oci/descriptor.ts';
import { type Digest, digestOf } from '../../oci/digest.ts';
import type { Input } from '../cache/step-key.ts';
import { type BuildOwner, type BuildRecord, buildRecordSchema } from './build-record.ts';
import { compareInputs } from './compare-inputs.ts';
import { packInputs, stepInputsSchema, unpackInputs } from './history-rows.ts';

/** What the last builds of one name and Dockerfile were made of, as a cache keeps it for other machines; newest first. */
export interface SharedBuilds {
  readonly builds: readonly BuildRecord[];
  /** Of steps, by their keys. */
  readonly inputs: ReadonlyMap<Digest, readonly Input[]>;
  /** Lists of files that steps take from stages, by their digests. */
  readonly taken: ReadonlyMap<Digest, readonly string[]>;
}

/** The version of the bytes below, whatever the format of layers is: a miss by another one can be explained. */
export const SHARED_BUILDS_FORMAT = 1;
/** Builds that are told of. */
const MOST_BUILDS = 8;
/** Longer lists of steps are not compared in any time that is worth it. */
const MOST_STEPS = 500;
/** What the list may have: 50,000 files that no two steps share take about 3 MB. */
export const SHARED_BUILDS_BYTES = 4 * 1024 * 1024;
/** What it may unpack to, and what its inputs may come to with what steps share: files of two steps are there once. */
const LIMIT_BYTES = 32 * 1024 * 1024;

const builtSchema = buildRecordSchema.extend({ id: z.string().regex(/^[0-9a-f]{8}$/), started: z.iso.datetime() });
const blobSchema = z.strictObject({
  builds: z.array(builtSchema).max(MOST_BUILDS),
  inputs: z.record(digestSchema, stepInputsSchema),
  taken: z.record(digestSchema, stepInputsSchema),
  lines: z.record(z.string(), z.string()),
});
const MARKS = /\[hidden [0-9a-f]{12}\]/g;

/** Names the list of a Dockerfile's builds in a cache. */
export function sharedBuildsKey({ name, dockerfile }: BuildOwner): Digest {
  return digestOf(JSON.stringify(['builds', name, dockerfile]));
}

/** The list with one more build, without the oldest one when they are too many. */
export function withBuild(earlier: SharedBuilds | undefined, told: SharedBuilds): SharedBuilds {
  const builds = [...told.builds, ...(earlier?.builds ?? [])].slice(0, MOST_BUILDS);
  const steps = builds.flatMap((build) => build.steps);
  const keys = new Set(steps.map(({ key }) => key));
  const lists = new Set(steps.flatMap(({ taken }) => taken ?? []));
  return {
    builds,
    inputs: new Map([...(earlier?.inputs ?? []), ...told.inputs].filter(([key]) => keys.has(key))),
    taken: new Map([...(earlier?.taken ?? []), ...told.taken].filter(([list]) => lists.has(list))),
  };
}

/** As one zstd frame of JSON. What is too large loses its oldest builds, then inputs of steps with many files. */
export async function encodeSharedBuilds(shared: SharedBuilds): Promise<Buffer | undefined> {
  const bytes = await encode(shared);
  if (bytes) return bytes;
  if (shared.builds.length > 1) {
    const fewer = shared.builds.slice(0, shared.builds.length >> 1);
    return encodeSharedBuilds(withBuild(undefined, { ...shared, builds: fewer }));
  }
  const short = <K, T extends readonly unknown[]>(lists: ReadonlyMap<K, T>): Map<K, T> =>
    new Map([...lists].filter(([, list]) => list.length <= SHORT_LIST));
  return encode({ ...shared, inputs: short(shared.inputs), taken: short(shared.taken) });
}

/** Inputs that are told in any case. */
const SHORT_LIST = 1000;

async function encode({ builds, inputs, taken }: SharedBuilds): Promise<Buffer | undefined> {
  if (builds.some(({ steps }) => steps.length > MOST_STEPS)) return undefined;
  const lines = new Map<string, string>();
  let size = 0;
  const pack = (list: readonly Input[]) => {
    const { row, pieces } = packInputs(list);
    for (const [name, text] of pieces) lines.set(name, text);
    for (const [, value] of list) size += value.length;
    return row;
  };
  const rows = {
    builds,
    inputs: Object.fromEntries([...inputs].map(([key, list]) => [key, pack(list)])),
    taken: Object.fromEntries([...taken].map(([key, list]) => [key, pack(list.map((line) => ['taken', line]))])),
  };
  if (size > LIMIT_BYTES) return undefined;
  const text = Buffer.from(JSON.stringify({ ...rows, lines: Object.fromEntries(lines) }));
  if (text.length > LIMIT_BYTES) return undefined;
  const bytes = await promisify(zstdCompress)(text);
  return bytes.length > SHARED_BUILDS_BYTES ? undefined : bytes;
}

/**
 * Reads what somebody who can write to a cache says.
 * @param marks what stands for secrets here, by what stands for them there
 * @throws Error for what encodeSharedBuilds() does not give
 */
export async function decodeSharedBuilds(bytes: Buffer, marks: ReadonlyMap<string, string> = new Map()) {
  const text = (await promisify(zstdDecompress)(bytes, { maxOutputLength: LIMIT_BYTES })).toString('utf8');
  const blob = blobSchema.parse(JSON.parse(text.replaceAll(MARKS, (mark) => marks.get(mark) ?? mark)));
  if (blob.builds.some(({ steps }) => steps.length > MOST_STEPS)) throw new Error('it has too many steps');
  const lines = new Map(Object.entries(blob.lines));
  let left = LIMIT_BYTES;
  const lists = (rows: typeof blob.inputs): Map<Digest, Input[]> => {
    const read = new Map<Digest, Input[]>();
    for (const [key, row] of Object.entries(rows)) {
      const inputs = unpackInputs(row, (name) => {
        const piece = lines.get(name);
        left -= piece?.length ?? 0;
        if (left < 0) throw new Error('it unpacks to too much');
        return piece;
      });
      if (!inputs) throw new Error('it has not all of its lists');
      compareInputs(inputs, [], new Set()); // throws for what no step has
      read.set(key as Digest, inputs);
    }
    return read;
  };
  const inputs = lists(blob.inputs);
  const taken = new Map([...lists(blob.taken)].map(([list, rows]) => [list, rows.map(([, line]) => line)]));
  return { builds: blob.builds, inputs, taken } satisfies SharedBuilds;
}
