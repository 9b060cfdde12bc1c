import type { Store } from '../cas/store.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { digestOf } from '../oci/digest.ts';
import type { ImageConfig } from '../oci/image-config.ts';
import type { Manifest } from '../oci/manifest.ts';
import { OCI_CONFIG, OCI_MANIFEST, toOciType } from '../oci/media-types.ts';
import type { LayerRef } from './layer-ref.ts';

/** A finished image: its documents' bytes, and its layers by name. */
export interface Image {
  readonly config: { readonly bytes: Buffer; readonly descriptor: Descriptor; readonly value: ImageConfig };
  readonly manifest: { readonly bytes: Buffer; readonly descriptor: Descriptor };
  readonly layers: readonly LayerRef[];
}

/** Makes the manifest for a config and its layers; media types are OCI's, whatever the base's were. */
export function makeImage(value: ImageConfig, layers: readonly LayerRef[]): Image {
  const config = document(value, OCI_CONFIG);
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: config.descriptor,
    layers: layers.map(({ descriptor }) => ({
      mediaType: toOciType(descriptor.mediaType),
      digest: descriptor.digest,
      size: descriptor.size,
    })),
  };
  return { config: { ...config, value }, manifest: document(manifest, OCI_MANIFEST), layers };
}

/** Keeps the image's two documents in the store. */
export async function keepImage(store: Store, image: Image): Promise<void> {
  await store.blobs.put(image.config.bytes, image.config.descriptor);
  await store.blobs.put(image.manifest.bytes, image.manifest.descriptor);
}

function document(value: unknown, mediaType: string): { bytes: Buffer; descriptor: Descriptor } {
  const bytes = Buffer.from(JSON.stringify(value));
  return { bytes, descriptor: { mediaType, digest: digestOf(bytes), size: bytes.length } };
}
