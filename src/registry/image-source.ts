import type { Readable } from 'node:stream';
import { VarveError } from '../errors.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { type ManifestDocument, parseManifestDocument } from '../oci/manifest.ts';
import { formatPlatform, type Platform } from '../oci/platform.ts';
import type { Document, ImageContent, IndexContent } from './image-content.ts';
import type { RepositoryName } from './registry-client.ts';
import { acceptsPlatform, offeredPlatforms, selectPlatform } from './select-platform.ts';

/** An image or index that can be read, wherever it is. Every byte that comes out was checked against its digest. */
export interface ImageSource {
  /** As the user wrote it. */
  readonly name: string;
  readonly top: Document;
  /** A manifest or config, whole. @throws VarveError `BLOB_MISSING`, `BLOB_MISMATCH`, `REGISTRY_*` */
  document(descriptor: Descriptor): Promise<Buffer>;
  /** A layer; the stream fails when it is not what the descriptor says. Its chunks are the reader's. */
  open(descriptor: Descriptor): Readable;
  /** Where blobs can be mounted from. */
  readonly origin?: RepositoryName;
  close(): Promise<void>;
}

/** A manifest or index of a source, read. */
export async function readManifest(source: ImageSource, descriptor: Descriptor): Promise<ManifestDocument & Document> {
  const { top } = source;
  const bytes = descriptor.digest === top.descriptor.digest ? top.bytes : await source.document(descriptor);
  const document = parseManifestDocument(bytes, descriptor.mediaType || undefined);
  return { ...document, bytes, descriptor: { ...descriptor, mediaType: document.mediaType, size: bytes.length } };
}

/** All of a source, or the image that it has for a platform. @throws VarveError `REGISTRY_PLATFORM`, `UNSUPPORTED` */
export async function readContent(source: ImageSource, platform?: Platform): Promise<ImageContent | IndexContent> {
  const top = await readManifest(source, source.top.descriptor);
  if (platform) return imageContent(source, await chooseImage(source, platform));
  if (top.kind === 'manifest') return imageContent(source, top.descriptor);
  const images = await Promise.all(top.index.manifests.map((each) => imageContent(source, each)));
  return { index: { bytes: top.bytes, descriptor: top.descriptor }, images };
}

/** @throws VarveError `REGISTRY_PLATFORM` naming what there is */
export async function chooseImage(source: ImageSource, platform: Platform): Promise<Descriptor> {
  const top = await readManifest(source, source.top.descriptor);
  if (top.kind === 'index') {
    const chosen = selectPlatform(top.index.manifests, platform);
    if (chosen) return chosen;
    throw missing(source, platform, offeredPlatforms(top.index.manifests));
  }
  const config = JSON.parse((await source.document(top.manifest.config)).toString('utf8')) as Partial<Platform>;
  const { os = '', architecture = '', variant } = config;
  if (acceptsPlatform({ os, architecture, variant }, platform)) return top.descriptor;
  throw missing(source, platform, [formatPlatform({ os, architecture, variant })]);
}

function missing({ name }: ImageSource, platform: Platform, offered: readonly string[]): VarveError {
  const has = offered.length ? offered.join(', ') : 'no image with a platform';
  return new VarveError('REGISTRY_PLATFORM', `${name} is not there for ${formatPlatform(platform)}: it has ${has}`);
}

async function imageContent(source: ImageSource, descriptor: Descriptor): Promise<ImageContent> {
  const read = await readManifest(source, descriptor);
  if (read.kind === 'index')
    throw new VarveError('UNSUPPORTED', `${source.name} has an index in an index (${descriptor.digest})`);
  const { config, layers } = read.manifest;
  return {
    manifest: { bytes: read.bytes, descriptor: read.descriptor },
    config: { bytes: await source.document(config), descriptor: config },
    layers,
    open(digest) {
      const layer = layers.find((each) => each.digest === digest);
      if (!layer) throw new Error(`${digest} is no layer of this image`);
      return source.open(layer);
    },
  };
}
