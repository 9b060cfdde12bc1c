import type { Store } from '../cas/store.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { digestOf } from '../oci/digest.ts';
import type { ImageConfig } from '../oci/image-config.ts';
import type { Manifest } from '../oci/manifest.ts';
import { OCI_CONFIG, OCI_MANIFEST, toOciType } from '../oci/media-types.ts';
import type { Platform } from '../oci/platform.ts';
import type { Document } from '../registry/image-content.ts';
import type { LayerRef } from './layer-ref.ts';

/** A finished image: its documents' bytes, and its layers by name. */
export interface Image {
  readonly config: Document & { readonly value: ImageConfig };
  /** Its descriptor has the platform, and what annotations it was given. */
  readonly manifest: Document;
  readonly layers: readonly LayerRef[];
}

/** Annotations of one image: in its manifest, and on the manifest's descriptor. */
export interface ImageAnnotations {
  readonly manifest: Readonly<Record<string, string>>;
  readonly descriptor: Readonly<Record<string, string>>;
}

/**
 * Makes the manifest for a config and its layers; media types are OCI's, whatever the base's were.
 * @param platform what the image was built for, as an index names it
 */
export function makeImage(
  value: ImageConfig,
  layers: readonly LayerRef[],
  platform: Platform,
  annotations: ImageAnnotations = { manifest: {}, descriptor: {} },
): Image {
  const config = makeDocument(value, OCI_CONFIG);
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: config.descriptor,
    layers: layers.map(({ descriptor }) => ({
      mediaType: toOciType(descriptor.mediaType),
      digest: descriptor.digest,
      size: descriptor.size,
    })),
    ...(Object.keys(annotations.manifest).length ? { annotations: annotations.manifest } : {}),
  };
  const { bytes, descriptor } = makeDocument(manifest, OCI_MANIFEST);
  const described: Descriptor = {
    ...descriptor,
    ...(Object.keys(annotations.descriptor).length ? { annotations: annotations.descriptor } : {}),
    platform: { ...platform },
  };
  return { config: { ...config, value }, manifest: { bytes, descriptor: described }, layers };
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
