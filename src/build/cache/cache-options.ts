import type { RecordSigner } from '../../registry/record-signer.ts';
import type { RepositoryName } from '../../registry/registry-client.ts';

/** A place for records, as the user named it. */
export type CachePlace =
  | { readonly kind: 'registry'; readonly repository: RepositoryName; readonly tagPrefix: string }
  /** An OCI layout directory, absolute. */
  | { readonly kind: 'layout'; readonly path: string };

export interface CacheOptions {
  /** All are read, the first one first. */
  readonly from: readonly CachePlace[];
  /** Where records are written; one of `from` as a rule. */
  readonly to?: {
    readonly place: CachePlace;
    /** `min`: the steps of the target and the stages that it is FROM; `max`: every step that ran. */
    readonly mode: 'min' | 'max';
  };
  /** Whether machines that write to the same place keep out of each other's way ({@link StepLeases}). */
  readonly leases?: boolean;
  /** A record that is older is a miss. */
  readonly ttlMs?: number;
  /** Records that it did not sign are misses. */
  readonly signer?: RecordSigner;
}
