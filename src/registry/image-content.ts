import type { Readable } from 'node:stream';
import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';

/** Small bytes and their name. */
export interface Document {
  readonly bytes: Buffer;
  readonly descriptor: Descriptor;
}

/** An image that is ready to leave: its documents, and where its layers' bytes come from. */
export interface ImageContent {
  readonly manifest: Document;
  readonly config: Document;
  readonly layers: readonly Descriptor[];
  /**
   * The bytes of a layer, from the start, each time it is called; the stream fails when they are not the layer's. Its chunks
   * are the reader's, who may give their memory back.
   */
  open(digest: Digest): Readable;
  /** The absolute path (a byte string) of a layer that is a file already; undefined when it is none. */
  blobPath?(digest: Digest): string | undefined;
  /** Manifests that have this one, or one of the index's, as their subject. */
  readonly referrers?: readonly ImageContent[];
}

/** Images of several platforms under one index. */
export interface IndexContent {
  readonly index: Document;
  /** Those of indexes inside it too. */
  readonly images: readonly ImageContent[];
  /** Indexes inside it, each after those inside itself. */
  readonly nested?: readonly Document[];
  readonly referrers?: readonly ImageContent[];
}

/** One blob of an image or index; `bytes` for the documents. */
export interface ContentBlob {
  readonly descriptor: Descriptor;
  readonly bytes?: Buffer;
  readonly open: () => Readable;
  readonly path?: string;
}

export function isIndexContent(content: ImageContent | IndexContent): content is IndexContent {
  return 'index' in content;
}

/** What the outside refers to: the index, or the one manifest. */
export function topDocument(content: ImageContent | IndexContent): Document {
  return isIndexContent(content) ? content.index : content.manifest;
}

/** The indexes, each after those inside itself. */
export function indexesOf(content: ImageContent | IndexContent): readonly Document[] {
  return isIndexContent(content) ? [...(content.nested ?? []), content.index] : [];
}

export function imagesOf(content: ImageContent | IndexContent): readonly ImageContent[] {
  return isIndexContent(content) ? content.images : [content];
}
