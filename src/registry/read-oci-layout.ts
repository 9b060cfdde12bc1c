import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { pipeline, type Readable } from 'node:stream';
import { VarveError } from '../errors.ts';
import { type BytePath, joinBytes, toFsPath, toText } from '../io/byte-path.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { type Digest, digestOf } from '../oci/digest.ts';
import { type ImageConfig, parseImageConfig } from '../oci/image-config.ts';
import { MANIFEST_LIMIT_BYTES, type Manifest, parseManifestDocument } from '../oci/manifest.ts';
import type { Platform } from '../oci/platform.ts';
import type { Document, ImageContent } from './image-content.ts';
import { blobName, isImageEntry, REF_NAME } from './oci-layout.ts';
import { CONFIG_LIMIT_BYTES, resolveImage } from './pull-image.ts';
import { verifyBlob } from './verify-blob.ts';
import { readLayoutIndex } from './write-oci-layout.ts';

/** Which image of a layout: by digest, by name, or the only one there is. */
export interface LayoutName {
  readonly tag?: string;
  readonly digest?: Digest;
}

export interface LayoutImage extends ImageContent {
  readonly parsedManifest: Manifest;
  readonly parsedConfig: ImageConfig;
}

/**
 * An image out of an OCI layout directory. Manifests and config are checked here, layers while they are read (the
 * stream fails with `BLOB_MISMATCH`).
 * @param dir a byte string
 * @param name a tag is `latest` or a whole reference, as ref.name has it; with neither the layout must hold one image
 * @throws VarveError `LAYOUT_IMAGE_MISSING` naming what there is, `BLOB_MISSING`, `BLOB_MISMATCH`, `REGISTRY_PLATFORM`,
 *   `OUTPUT_NOT_LAYOUT`
 */
export async function readOciLayout(dir: BytePath, name: LayoutName, platform: Platform): Promise<LayoutImage> {
  const shown = toText(dir);
  const top = await find(dir, name);

  async function document(descriptor: Pick<Descriptor, 'digest' | 'size'>, limit: number): Promise<Buffer> {
    const path = joinBytes(dir, blobName(descriptor.digest));
    const found = await stat(toFsPath(path)).catch(() => undefined);
    if (!found) throw new VarveError('BLOB_MISSING', `${shown} has no blob ${descriptor.digest}`);
    if (found.size > limit)
      throw new VarveError('BLOB_MISMATCH', `${shown}: ${descriptor.digest} has ${found.size} bytes`);
    const bytes = await readFile(toFsPath(path));
    const digest = digestOf(bytes);
    if (digest === descriptor.digest) return bytes;
    throw new VarveError('BLOB_MISMATCH', `${shown}: the bytes of blob ${descriptor.digest} have the digest ${digest}`);
  }

  // A layout is read as a registry is, so that both choose the same image for a platform.
  const resolved = await resolveImage(
    {
      async manifest(reference) {
        const digest = reference.digest ?? top.digest;
        const bytes = await document({ digest, size: 0 }, MANIFEST_LIMIT_BYTES);
        const { mediaType } = parseManifestDocument(bytes, digest === top.digest ? top.mediaType : undefined);
        return { descriptor: { mediaType, digest, size: bytes.length }, bytes };
      },
      headManifest: async () => top,
      blob: async (_, descriptor) => openBlob(descriptor),
    },
    { registry: 'oci-layout', repository: shown, digest: top.digest },
    platform,
  );

  function openBlob(descriptor: Pick<Descriptor, 'digest' | 'size'>): Readable {
    const verified = verifyBlob(descriptor, shown);
    // What fails reaches the reader through `verified`.
    pipeline(createReadStream(toFsPath(joinBytes(dir, blobName(descriptor.digest)))), verified, () => {});
    return verified;
  }

  const { manifest, manifestDescriptor, configDescriptor } = resolved;
  const read = async (descriptor: Descriptor, limit: number): Promise<Document> => ({
    bytes: await document(descriptor, limit),
    descriptor,
  });
  const config = await read(configDescriptor, CONFIG_LIMIT_BYTES);
  return {
    manifest: await read(manifestDescriptor, MANIFEST_LIMIT_BYTES),
    config,
    layers: manifest.layers,
    parsedManifest: manifest,
    parsedConfig: parseImageConfig(config.bytes),
    open(digest) {
      const layer = manifest.layers.find((each) => each.digest === digest);
      if (!layer) throw new Error(`${digest} is no layer of this image`);
      return openBlob(layer);
    },
  };
}

async function find(dir: BytePath, { tag, digest }: LayoutName): Promise<Descriptor> {
  const { manifests } = await readLayoutIndex(dir);
  const nameOf = (entry: Descriptor): string | undefined => entry.annotations?.[REF_NAME];
  const named = manifests.filter((entry) => {
    if (digest !== undefined) return entry.digest === digest;
    if (tag === undefined) return isImageEntry(entry);
    const name = nameOf(entry);
    return name === tag || name?.slice(name.lastIndexOf('/')).endsWith(`:${tag}`);
  });
  const digests = new Set(named.map((entry) => entry.digest));
  if (named[0] && digests.size === 1) return named[0];
  // A digest may also name an image inside an index of the layout; its bytes are checked against it all the same.
  if (digest !== undefined) return { mediaType: '', digest, size: 0 };
  const has = manifests.map((entry) => nameOf(entry) ?? entry.digest).join(', ') || 'no image';
  const wanted = tag === undefined ? 'exactly one image' : `one image named ${tag}`;
  throw new VarveError('LAYOUT_IMAGE_MISSING', `${toText(dir)} does not hold ${wanted}: it has ${has}`, {
    hint: 'name one of these by its tag or digest',
  });
}
