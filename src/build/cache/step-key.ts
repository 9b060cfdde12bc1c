import { createHash } from 'node:crypto';
import { FORMAT } from '../../layer/format.ts';
import { type Digest, digestFromBytes } from '../../oci/digest.ts';
import { formatPlatform, type Platform } from '../../oci/platform.ts';

/** One readable thing that a step depends on: kept beside the key, so that a miss can be explained. */
export type Input = readonly [name: string, value: string];

/** What a step is, but for its parents. */
export interface Definition {
  readonly kind: string;
  readonly platform: Platform;
  readonly inputs: readonly Input[];
}

const LENGTH_BYTES = 8;
/** Hashed at a time: 40,000 fields of 100 bytes take 10 ms, one by one 60. */
const BATCH_BYTES = 64 * 1024;

/**
 * The digest of a step's definition and its parents' keys; every field is framed by its length, so that no two
 * lists of fields give the same bytes (docs/cache-keys.md).
 */
export function stepKey(definition: Definition, parents: readonly string[]): Digest {
  const hash = createHash('sha256');
  const batch = Buffer.allocUnsafe(BATCH_BYTES);
  let used = 0;
  /** Length in 8 bytes, big-endian, and UTF-8. */
  const field = (text: string): void => {
    const most = LENGTH_BYTES + 3 * text.length;
    if (used + most > batch.length) {
      hash.update(batch.subarray(0, used));
      used = 0;
    }
    const into = most > batch.length ? Buffer.allocUnsafe(most) : batch;
    const length = into.write(text, used + LENGTH_BYTES, 'utf8');
    into.writeUInt32BE(0, used);
    into.writeUInt32BE(length, used + 4);
    if (into === batch) used += LENGTH_BYTES + length;
    else hash.update(into.subarray(0, LENGTH_BYTES + length));
  };
  field('varve.step');
  field(String(FORMAT));
  field(definition.kind);
  field(formatPlatform(definition.platform));
  field(String(parents.length));
  for (const parent of parents) field(parent);
  field(String(definition.inputs.length));
  for (const [name, value] of definition.inputs) {
    field(name);
    field(value);
  }
  return digestFromBytes(hash.update(batch.subarray(0, used)).digest());
}

/**
 * The key by what the files below and the sources came out to, instead of by how they were made.
 * @param parentContent content digest of the tree that the step is done on
 * @param sources for each source its content, or its key where the content is not known
 */
export function contentKey(definition: Definition, parentContent: string, sources: readonly string[]): Digest {
  return stepKey(definition, [`content ${parentContent}`, ...sources]);
}
