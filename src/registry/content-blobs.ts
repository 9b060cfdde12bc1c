import { Readable } from 'node:stream';
import type { Descriptor } from '../oci/descriptor.ts';
import {
  type ContentBlob,
  type Document,
  type ImageContent,
  type IndexContent,
  imagesOf,
  indexesOf,
} from './image-content.ts';

/**
 * All blobs of an image or index, each digest once: layers, configs, manifests, index. Layers that live at a URL of
 * their own (Windows base layers) are left out, as the spec wants it.
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/layer.md#non-distributable-layers
 */
export function contentBlobs(content: ImageContent | IndexContent): ContentBlob[] {
  const blobs = new Map<string, ContentBlob>();
  const add = (blob: ContentBlob): void => {
    if (!blobs.has(blob.descriptor.digest)) blobs.set(blob.descriptor.digest, blob);
  };
  const manifests = [...imagesOf(content), ...(content.referrers ?? [])];
  for (const image of manifests) for (const blob of imageBlobs(image)) add(blob);
  for (const image of manifests) add(documentBlob(image.manifest));
  for (const index of indexesOf(content)) add(documentBlob(index));
  return [...blobs.values()];
}

/** The layers that are ours to store, then the config. */
export function imageBlobs(image: ImageContent): ContentBlob[] {
  const layers = image.layers
    .filter((layer) => !isForeign(layer))
    .map((descriptor): ContentBlob => {
      const path = image.blobPath?.(descriptor.digest);
      return { descriptor, open: () => image.open(descriptor.digest), ...(path === undefined ? {} : { path }) };
    });
  return [...layers, documentBlob(image.config)];
}

function documentBlob({ bytes, descriptor }: Document): ContentBlob {
  // A copy: chunks are their reader's.
  return { descriptor, bytes, open: () => Readable.from([Buffer.from(bytes)], { objectMode: false }) };
}

/** A layer that its type or its URLs say is fetched from elsewhere. */
export function isForeign({ mediaType, urls }: Descriptor): boolean {
  return !!urls?.length && /\.(foreign|nondistributable)\./.test(mediaType);
}
