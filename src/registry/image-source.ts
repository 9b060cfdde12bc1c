import type { Readable } from 'node:stream';
import { VarveError } from '../errors.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import { type ImageIndex, type Manifest, type ManifestDocument, parseManifestDocument } from '../oci/manifest.ts';
import { parseJson } from '../oci/parse-json.ts';
import { formatPlatform, type Platform, platformSchema } from '../oci/platform.ts';
import { checkDepth, chooseFromIndex } from './choose-image.ts';
import { type Document, type ImageContent, type IndexContent, imagesOf, indexesOf } from './image-content.ts';
import type { RepositoryName } from './registry-client.ts';
import { acceptsPlatform } from './select-platform.ts';

/** An image or index that can be read, wherever it is. Every byte that comes out was checked against its digest. */
export interface ImageSource {
  /** As the user wrote it. */
  readonly name: string;
  readonly top: Document;
  /** A manifest or config, whole. @throws VarveError `BLOB_MISSING`, `BLOB_MISMATCH`, `REGISTRY_*` */
  document(descriptor: Descriptor): Promise<Buffer>;
  /** A layer; the stream fails when it is not what the descriptor says. Its chunks are the reader's. */
  open(descriptor: Descriptor): Readable;
  /** The absolute path of a layer that is a file, whose bytes are not checked yet; undefined when it is none. */
  blobPath?(descriptor: Descriptor): string | undefined;
  /** What says that it refers to a manifest; undefined where nothing can. */
  referrers?(subject: Digest): Promise<readonly Descriptor[]>;
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

/** All of a source, or the image that it has for a platform. @throws VarveError `REGISTRY_PLATFORM`, `MANIFEST_INVALID` */
export async function readContent(source: ImageSource, platform?: Platform): Promise<ImageContent | IndexContent> {
  const top = await readManifest(source, source.top.descriptor);
  if (platform) return imageContent(source, await readManifest(source, await chooseImage(source, platform)));
  if (top.kind === 'manifest') return imageContent(source, top);
  const found = new Map<Digest, ImageContent | Document>();
  await readAll(source, top.index, found, 1);
  const all = [...found.values()];
  return {
    index: documentOf(top),
    images: all.filter((each) => 'manifest' in each),
    nested: all.filter((each) => 'bytes' in each),
  };
}

/** The same with what refers to the images, to indexes, and to what refers; what names another subject is left out. */
export async function withReferrers<T extends ImageContent | IndexContent>(
  source: ImageSource,
  content: T,
): Promise<T> {
  const found = new Map<Digest, ImageContent>();
  const subjects = [...imagesOf(content).map(({ manifest }) => manifest), ...indexesOf(content)];
  for (const { descriptor: subject } of subjects) {
    for (const listed of (await source.referrers?.(subject.digest)) ?? []) {
      const read = await readManifest(source, listed);
      if (read.kind === 'index' || read.manifest.subject?.digest !== subject.digest) continue;
      if (found.has(read.descriptor.digest)) continue;
      found.set(read.descriptor.digest, await imageContent(source, read));
      // A signature of a bill of materials refers to that.
      subjects.push(documentOf(read));
    }
  }
  return found.size ? { ...content, referrers: [...found.values()] } : content;
}

/** What an index has, and what the indexes inside it have: these come after what is in them. */
async function readAll(
  source: ImageSource,
  { manifests }: ImageIndex,
  found: Map<Digest, ImageContent | Document>,
  depth: number,
): Promise<void> {
  checkDepth(depth);
  for (const descriptor of manifests) {
    if (found.has(descriptor.digest)) continue;
    const read = await readManifest(source, descriptor);
    if (read.kind === 'index') await readAll(source, read.index, found, depth + 1);
    found.set(descriptor.digest, read.kind === 'index' ? documentOf(read) : await imageContent(source, read));
  }
}

function documentOf({ bytes, descriptor }: Document): Document {
  return { bytes, descriptor };
}

/** @throws VarveError `REGISTRY_PLATFORM` naming what there is */
export async function chooseImage(source: ImageSource, platform: Platform): Promise<Descriptor> {
  const top = await readManifest(source, source.top.descriptor);
  const platformOf = async ({ config }: Manifest): Promise<Platform> => {
    return platformIn(await source.document(config));
  };
  if (top.kind === 'index') {
    const reader = { manifest: (each: Descriptor) => readManifest(source, each), platform: platformOf };
    const { chosen, offered } = await chooseFromIndex(top.index, platform, reader);
    if (chosen) return chosen.descriptor;
    throw missing(source, platform, offered);
  }
  const own = await platformOf(top.manifest);
  if (acceptsPlatform(own, platform)) return top.descriptor;
  throw missing(source, platform, [formatPlatform(own)]);
}

/** An artifact's config need not be an image's: it has no platform then. */
function platformIn(config: Buffer): Platform {
  try {
    const read = platformSchema.safeParse(parseJson(config));
    if (read.success) return { os: read.data.os, architecture: read.data.architecture, variant: read.data.variant };
  } catch {}
  return { os: '', architecture: '' };
}

function missing({ name }: ImageSource, platform: Platform, offered: readonly string[]): VarveError {
  const has = offered.length ? offered.join(', ') : 'no image with a platform';
  return new VarveError('REGISTRY_PLATFORM', `${name} is not there for ${formatPlatform(platform)}: it has ${has}`);
}

async function imageContent(source: ImageSource, read: ManifestDocument & Document): Promise<ImageContent> {
  if (read.kind === 'index') throw new Error(`${read.descriptor.digest} is an index`);
  const { config, layers } = read.manifest;
  return {
    manifest: documentOf(read),
    config: { bytes: await source.document(config), descriptor: config },
    layers,
    open(digest) {
      const layer = layers.find((each) => each.digest === digest);
      if (!layer) throw new Error(`${digest} is no layer of this image`);
      return source.open(layer);
    },
  };
}
