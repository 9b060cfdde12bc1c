import type { BuildFacts } from '../../attest/provenance.ts';
import type { Store } from '../../cas/store.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { ImageIndex } from '../../oci/manifest.ts';
import { DOCKER_LIST, OCI_INDEX } from '../../oci/media-types.ts';
import type { Platform } from '../../oci/platform.ts';
import type { Document, ImageContent } from '../../registry/image-content.ts';
import { type Image, makeDocument } from './image.ts';

/** What a build gave: one image, or one for each platform under an index. */
export interface BuildResult {
  readonly images: readonly PlatformImage[];
  /** Its descriptor has the annotations that it was given. */
  readonly index?: Document;
  readonly annotations?: IndexAnnotations;
  /** SOURCE_DATE_EPOCH, seconds since 1970; undefined when it was not given. */
  readonly epoch?: number;
  /** Statements about the images that are in the index, and those that refer to images. */
  readonly attestations?: readonly ImageContent[];
  readonly referrers?: readonly ImageContent[];
}

export interface PlatformImage {
  readonly platform: Platform;
  readonly image: Image;
  /** How it was built, where that was asked for. */
  readonly facts?: BuildFacts;
}

/** Annotations of an index, and of its descriptor. */
export interface IndexAnnotations {
  readonly index: Readonly<Record<string, string>>;
  readonly descriptor: Readonly<Record<string, string>>;
}

/**
 * The images under an index, in the order of the platforms that were asked for; it is of Docker's type when all are.
 * @param more what comes after the images: an index with it is OCI's
 */
export function makeIndex(
  images: readonly PlatformImage[],
  annotations: IndexAnnotations = { index: {}, descriptor: {} },
  more: readonly Descriptor[] = [],
): BuildResult {
  const isAnnotated = Object.keys(annotations.index).length > 0;
  const isDocker = !isAnnotated && more.length === 0 && images.every(({ image }) => image.format === 'docker');
  const mediaType = isDocker ? DOCKER_LIST : OCI_INDEX;
  const value: ImageIndex = {
    schemaVersion: 2,
    mediaType,
    manifests: [...images.map(({ image }) => image.manifest.descriptor), ...more],
    ...(isAnnotated ? { annotations: { ...annotations.index } } : {}),
  };
  const { bytes, descriptor } = makeDocument(value, mediaType);
  const described = Object.keys(annotations.descriptor).length
    ? { ...descriptor, annotations: { ...annotations.descriptor } }
    : descriptor;
  return { images, index: { bytes, descriptor: described }, annotations };
}

/** What the outside refers to: the index, or the one image's manifest. */
export function topOf({ images, index }: BuildResult): Document {
  return index ?? images[0]!.image.manifest;
}

/** Keeps the index in the store; the images' documents are there already. */
export async function keepIndex(store: Store, { index }: BuildResult): Promise<void> {
  if (index) await store.blobs.put(index.bytes, index.descriptor);
}
