import { chainId } from '../../oci/chain-id.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { Digest } from '../../oci/digest.ts';
import type { RepositoryName } from '../../registry/registry-client.ts';

/** A layer of a snapshot by name; its bytes may be in the store, or only in `origin`. */
export interface LayerRef {
  readonly descriptor: Descriptor;
  readonly diffId: Digest;
  /** When it was made, RFC 3339; absent for a base image's layers. */
  readonly created?: string;
  /** Of a step's layer, which can be made again: the tree's content digest after it, and the blob that says what changed. */
  readonly result?: { readonly content: Digest; readonly changes?: Descriptor };
  /** Whether it is another layer in another form, and can be made again. */
  readonly isConverted?: true;
  /** Where it can be pulled from. */
  readonly origin?: RepositoryName;
}

/** The layers' diffIDs, lowest first. */
export function diffIds(layers: readonly LayerRef[]): Digest[] {
  return layers.map(({ diffId }) => diffId);
}

/** Stands for a filesystem without layers where keys are made. */
export const NOTHING = 'scratch';

/** An image counts by its filesystem: another manifest with the same layers is the same base. */
export function imageKey(layers: readonly LayerRef[]): string {
  return chainId(diffIds(layers)) ?? NOTHING;
}
