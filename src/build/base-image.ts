import type { Digest } from '../oci/digest.ts';
import type { History, ImageConfig } from '../oci/image-config.ts';
import type { LayerRef } from './layer-ref.ts';

/** A base image as a build needs it: config and layers' names, not their bytes. */
export interface BaseImage {
  /** As the user wrote it. */
  readonly reference: string;
  readonly manifestDigest: Digest;
  readonly config: ImageConfig;
  readonly layers: readonly LayerRef[];
  readonly history: readonly History[];
}
