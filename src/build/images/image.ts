import type { Store } from '../../cas/store.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { digestOf } from '../../oci/digest.ts';
import type { ImageConfig } from '../../oci/image-config.ts';
import type { Manifest } from '../../oci/manifest.ts';
import {
  DOCKER_CONFIG,
  DOCKER_MANIFEST,
  layerCompression,
  OCI_CONFIG,
  OCI_MANIFEST,
  toDockerType,
  toOciType,
} from '../../oci/media-types.ts';
import type { Platform } from '../../oci/platform.ts';
import type { Document } from '../../registry/image-content.ts';
import type { LayerRef } from './layer-ref.ts';

/** Whose media types an image has. */
export type ImageFormat = 'oci' | 'docker';

/** A finished image: its documents' bytes, and its layers by name. */
export interface Image {
  readonly config: Document & { readonly value: ImageConfig };
  /** Its descriptor has the platform, and what annotations it was given. */
  readonly manifest: Document;
  readonly layers: readonly LayerRef[];
  readonly format: ImageFormat;
  readonly annotations: ImageAnnotations;
}

/** Annotations of one image: in its manifest, and on the manifest's descriptor. */
export interface ImageAnnotations {
  readonly manifest: Readonly<Record<string, string>>;
  readonly descriptor: Readonly<Record<string, string>>;
}

const NO_ANNOTATIONS: ImageAnnotations = { manifest: {}, descriptor: {} };

/**
 * Makes the manifest for a config and its layers.
 * @param platform what the image was built for, as an index names it
 * @param options.format Docker's types where they can say everything: not annotations, nor zstd layers
 */
export function makeImage(
  value: ImageConfig,
  layers: readonly LayerRef[],
  platform: Platform,
  options: { readonly annotations?: ImageAnnotations; readonly format?: ImageFormat } = {},
): Image {
  const annotations = options.annotations ?? NO_ANNOTATIONS;
  const format = options.format === 'docker' && isSayable(layers, annotations) ? 'docker' : 'oci';
  const isDocker = format === 'docker';
  const layerType = isDocker ? toDockerType : toOciType;
  const config = makeDocument(value, isDocker ? DOCKER_CONFIG : OCI_CONFIG);
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: isDocker ? DOCKER_MANIFEST : OCI_MANIFEST,
    config: config.descriptor,
    layers: layers.map(({ descriptor: { mediaType, digest, size, annotations: own } }) => ({
      mediaType: layerType(mediaType),
      digest,
      size,
      ...(own ? { annotations: own } : {}),
    })),
    ...(Object.keys(annotations.manifest).length ? { annotations: annotations.manifest } : {}),
  };
  const { bytes, descriptor } = makeDocument(manifest, manifest.mediaType!);
  const described: Descriptor = {
    ...descriptor,
    ...(Object.keys(annotations.descriptor).length ? { annotations: annotations.descriptor } : {}),
    platform: { ...platform },
  };
  return { config: { ...config, value }, manifest: { bytes, descriptor: described }, layers, format, annotations };
}

function isSayable(layers: readonly LayerRef[], { manifest }: ImageAnnotations): boolean {
  return (
    Object.keys(manifest).length === 0 &&
    layers.every(({ descriptor }) => layerCompression(descriptor.mediaType) !== 'zstd' && !descriptor.annotations)
  );
}

/** Keeps the image's two documents in the store. */
export async function keepImage(store: Store, image: Image): Promise<void> {
  await store.blobs.put(image.config.bytes, image.config.descriptor);
  await store.blobs.put(image.manifest.bytes, image.manifest.descriptor);
}

/** A value as JSON, with its name. */
export function makeDocument(value: unknown, mediaType: string): Document {
  const bytes = Buffer.from(JSON.stringify(value));
  return { bytes, descriptor: { mediaType, digest: digestOf(bytes), size: bytes.length } };
}
