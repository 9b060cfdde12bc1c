import { VarveError } from '../../errors.ts';
import type { Digest } from '../../oci/digest.ts';
import type { History, ImageConfig } from '../../oci/image-config.ts';
import { DOCKER_MANIFEST } from '../../oci/media-types.ts';
import type { ResolvedImage } from '../../registry/pull-image.ts';
import type { ImageFormat } from './image.ts';
import type { LayerRef } from './layer-ref.ts';

/** A base image as a build needs it: config and layers' names, not their bytes. */
export interface BaseImage {
  /** As the user wrote it. */
  readonly reference: string;
  readonly manifestDigest: Digest;
  readonly format: ImageFormat;
  readonly config: ImageConfig;
  readonly layers: readonly LayerRef[];
  readonly history: readonly History[];
}

/** A resolved image as a base; `origin` is where its layers can be pulled from. */
export function baseImage(
  reference: string,
  { manifest, manifestDescriptor, config }: Pick<ResolvedImage, 'manifest' | 'manifestDescriptor' | 'config'>,
  origin?: { registry: string; repository: string },
): BaseImage {
  const ids = config.rootfs.diff_ids;
  if (ids.length !== manifest.layers.length) {
    throw new VarveError(
      'CONFIG_INVALID',
      `${reference} has ${manifest.layers.length} layers, but its config names ${ids.length}`,
    );
  }
  return {
    reference,
    manifestDigest: manifestDescriptor.digest,
    format: (manifest.mediaType ?? manifestDescriptor.mediaType) === DOCKER_MANIFEST ? 'docker' : 'oci',
    config,
    layers: manifest.layers.map((descriptor, i) => ({ descriptor, diffId: ids[i]!, ...(origin ? { origin } : {}) })),
    history: config.history ?? [],
  };
}
