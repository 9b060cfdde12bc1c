import { createHash } from 'node:crypto';
import { FORMAT } from '../layer/format.ts';
import { type Digest, digestFromBytes } from '../oci/digest.ts';
import { formatPlatform, type Platform } from '../oci/platform.ts';

/** One readable thing that a step depends on: kept beside the key, so that a miss can be explained. */
export type Input = readonly [name: string, value: string];

/** What a step is, but for its parents. */
export interface Definition {
  readonly kind: string;
  readonly platform: Platform;
  readonly inputs: readonly Input[];
}

/**
 * The digest of a step's definition and its parents' keys; every field is framed by its length, so that no two
 * lists of fields give the same bytes (docs/cache-keys.md).
 */
export function stepKey(definition: Definition, parents: readonly string[]): Digest {
  const hash = createHash('sha256');
  const field = (text: string): void => {
    const bytes = Buffer.from(text, 'utf8');
    const length = Buffer.alloc(8);
    length.writeBigUInt64BE(BigInt(bytes.length));
    hash.update(length).update(bytes);
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
  return digestFromBytes(hash.digest());
}

/**
 * The key by what the files below and the sources came out to, instead of by how they were made.
 * @param parentContent content digest of the tree that the step is done on
 * @param sources for each source its content, or its key where the content is not known
 */
export function contentKey(definition: Definition, parentContent: string, sources: readonly string[]): Digest {
  return stepKey(definition, [`content ${parentContent}`, ...sources]);
}
