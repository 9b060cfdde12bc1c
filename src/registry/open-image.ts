import { PassThrough, pipeline, type Readable } from 'node:stream';
import { VarveError } from '../errors.ts';
import { fromText } from '../io/byte-path.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { type Digest, digestHex, digestOf } from '../oci/digest.ts';
import { MANIFEST_LIMIT_BYTES, parseManifestDocument } from '../oci/manifest.ts';
import { DOCKER_CONFIG, OCI_CONFIG } from '../oci/media-types.ts';
import { parseJson } from '../oci/parse-json.ts';
import { formatReference } from '../oci/reference.ts';
import { synthesizeManifest } from './docker-archive.ts';
import type { Document } from './image-content.ts';
import { archiveFiles, collect, directoryFiles, type ImageFiles } from './image-files.ts';
import type { ImageName } from './image-name.ts';
import type { ImageSource } from './image-source.ts';
import { blobName, isImageEntry, layoutIndexSchema, REF_NAME } from './oci-layout.ts';
import { CONFIG_LIMIT_BYTES } from './pull-image.ts';
import type { RegistryClient } from './registry-client.ts';
import { verifyBlob } from './verify-blob.ts';
import { readLayoutIndex } from './write-oci-layout.ts';

export interface OpenImageDeps {
  readonly registry: Pick<RegistryClient, 'manifest' | 'blob' | 'referrers'>;
  /** The directory of varve's store, which is an OCI layout. */
  readonly store: string;
  readonly signal: AbortSignal;
}

/**
 * Opens an image for reading; close it.
 * @throws VarveError `LAYOUT_IMAGE_MISSING` naming what there is, `ARCHIVE_INVALID`, `OUTPUT_NOT_LAYOUT`, `REGISTRY_*`
 */
export async function openImage(name: ImageName, shown: string, deps: OpenImageDeps): Promise<ImageSource> {
  switch (name.kind) {
    case 'registry': {
      const { registry, signal } = deps;
      const { reference } = name;
      const top = await registry.manifest(reference, signal);
      return {
        name: shown,
        top,
        async document(descriptor) {
          const isConfig = [OCI_CONFIG, DOCKER_CONFIG].includes(descriptor.mediaType);
          if (!isConfig && /manifest|index/.test(descriptor.mediaType))
            return (await registry.manifest({ ...reference, digest: descriptor.digest }, signal)).bytes;
          return collect(await registry.blob(reference, limited(descriptor, CONFIG_LIMIT_BYTES, shown), signal));
        },
        open: (descriptor) => flowing(registry.blob(reference, descriptor, signal)),
        referrers: (subject) => registry.referrers(reference, subject, signal),
        origin: { registry: reference.registry, repository: reference.repository },
        close: async () => {},
      };
    }
    case 'store':
      return layoutSource(directoryFiles(deps.store), { tag: formatReference(name.reference) }, shown);
    case 'oci':
      await readLayoutIndex(fromText(name.path));
      return layoutSource(directoryFiles(name.path), name, shown);
    default: {
      const files = await archiveFiles(name.path);
      try {
        return (await files.size('index.json')) === undefined
          ? await synthesizeManifest(files, name, shown)
          : await layoutSource(files, name, shown);
      } catch (error) {
        await files.close();
        throw error;
      }
    }
  }
}

async function layoutSource(
  files: ImageFiles,
  wanted: { readonly tag?: string; readonly digest?: Digest },
  shown: string,
): Promise<ImageSource> {
  const bytes = await files.read('index.json', MANIFEST_LIMIT_BYTES);
  const index = bytes && readIndex(bytes);
  if (!index?.success) throw new VarveError('OUTPUT_NOT_LAYOUT', `${shown} has no index.json of an OCI layout`);
  const document = async (descriptor: Descriptor): Promise<Buffer> => {
    const found = await files.read(blobName(descriptor.digest), CONFIG_LIMIT_BYTES);
    if (!found) throw new VarveError('BLOB_MISSING', `${shown} has no blob ${descriptor.digest}`);
    if (digestOf(found) === descriptor.digest) return found;
    throw new VarveError('BLOB_MISMATCH', `${shown}: blob ${descriptor.digest} has the digest ${digestOf(found)}`);
  };
  const descriptor = choose(index.data.manifests, wanted, shown);
  const top = await document(descriptor);
  const { mediaType } = parseManifestDocument(top, descriptor.mediaType || undefined);
  return {
    name: shown,
    top: { bytes: top, descriptor: { mediaType, digest: descriptor.digest, size: top.length } } satisfies Document,
    document,
    open: (layer) => checked(files.stream(blobName(layer.digest)), layer, shown),
    blobPath: (layer) => files.path?.(blobName(layer.digest)),
    // Which of them has which subject they say themselves.
    referrers: async () => index.data.manifests.filter((entry) => !isImageEntry(entry)),
    close: () => files.close(),
  };
}

function readIndex(bytes: Buffer) {
  try {
    return layoutIndexSchema.safeParse(parseJson(bytes));
  } catch {
    return undefined;
  }
}

function choose(
  manifests: readonly Descriptor[],
  { tag, digest }: { readonly tag?: string; readonly digest?: Digest },
  shown: string,
): Descriptor {
  const nameOf = (entry: Descriptor): string | undefined => entry.annotations?.[REF_NAME];
  if (digest !== undefined)
    return manifests.find((entry) => entry.digest === digest) ?? { mediaType: '', digest, size: 0 };
  const named = manifests.filter((entry) => {
    const name = nameOf(entry);
    if (tag === undefined) return isImageEntry(entry);
    return name === tag || name?.slice(name.lastIndexOf('/')).endsWith(`:${tag}`);
  });
  if (named[0] && new Set(named.map((entry) => entry.digest)).size === 1) return named[0];
  const has = manifests.map((entry) => nameOf(entry) ?? entry.digest).join(', ') || 'no image';
  const what = tag === undefined ? 'exactly one image' : `one image named ${tag}`;
  throw new VarveError('LAYOUT_IMAGE_MISSING', `${shown} does not hold ${what}: it has ${has}`, {
    hint: 'name one of these by its tag or digest',
  });
}

function limited(descriptor: Descriptor, limit: number, shown: string): Descriptor {
  if (descriptor.size <= limit) return descriptor;
  throw new VarveError('REGISTRY_TOO_LARGE', `${shown}: ${descriptor.digest} has ${descriptor.size} bytes`);
}

/** What fails reaches the reader. */
function checked(stream: Readable, descriptor: Descriptor, shown: string): Readable {
  const verified = verifyBlob(descriptor, `${shown} (${digestHex(descriptor.digest).slice(0, 12)})`);
  pipeline(stream, verified, () => {});
  return verified;
}

/** A stream at once of one that comes later. */
function flowing(coming: Promise<Readable>): Readable {
  const through = new PassThrough();
  coming.then(
    (stream) => pipeline(stream, through, () => {}),
    (error: Error) => through.destroy(error),
  );
  return through;
}
