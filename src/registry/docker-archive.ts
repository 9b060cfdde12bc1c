import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import * as z from 'zod';
import { VarveError } from '../errors.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { type Digest, digestFromBytes, digestOf } from '../oci/digest.ts';
import { type Compression, DOCKER_CONFIG, DOCKER_MANIFEST, ociLayerType, toDockerType } from '../oci/media-types.ts';
import { parseJson } from '../oci/parse-json.ts';
import { formatReference, parseReference } from '../oci/reference.ts';
import type { ImageFiles } from './image-files.ts';
import type { ImageSource } from './image-source.ts';
import { CONFIG_LIMIT_BYTES } from './pull-image.ts';
import { verifyBlob } from './verify-blob.ts';

const manifestSchema = z.array(
  z.looseObject({ Config: z.string(), RepoTags: z.array(z.string()).nullish(), Layers: z.array(z.string()) }),
);

/**
 * An archive of `docker save` before version 25, which has no manifest: one of Docker's type is made, and each layer is
 * read once to know its digest.
 * @throws VarveError `ARCHIVE_INVALID`, `LAYOUT_IMAGE_MISSING`
 */
export async function synthesizeManifest(
  files: ImageFiles,
  { tag }: { readonly tag?: string },
  shown: string,
): Promise<ImageSource> {
  const invalid = (why: string): VarveError =>
    new VarveError('ARCHIVE_INVALID', `the archive ${shown} cannot be read: ${why}`);
  const bytes = await files.read('manifest.json', CONFIG_LIMIT_BYTES);
  if (!bytes) throw invalid('it has neither index.json nor manifest.json');
  const parsed = readManifest(bytes);
  if (!parsed.success) throw invalid('manifest.json is not as docker save writes it');
  const named = parsed.data.filter(({ RepoTags }) => tag === undefined || RepoTags?.some((name) => isNamed(name, tag)));
  const [image] = named;
  if (!image || named.length > 1) {
    const has = parsed.data.flatMap(({ RepoTags }) => RepoTags ?? ['an image without a name']).join(', ');
    throw new VarveError('LAYOUT_IMAGE_MISSING', `${shown} does not hold exactly one such image: it has ${has}`);
  }
  const config = await files.read(image.Config, CONFIG_LIMIT_BYTES);
  if (!config) throw invalid(`it has no ${image.Config}`);
  const configDescriptor = { mediaType: DOCKER_CONFIG, digest: digestOf(config), size: config.length };
  const names = new Map<Digest, string>();
  const layers: Descriptor[] = [];
  for (const name of image.Layers) {
    if ((await files.size(name)) === undefined) throw invalid(`it has no ${name}`);
    const layer = await describe(files.stream(name));
    names.set(layer.digest, name);
    layers.push(layer);
  }
  const manifest = { schemaVersion: 2, mediaType: DOCKER_MANIFEST, config: configDescriptor, layers };
  const top = Buffer.from(JSON.stringify(manifest));
  return {
    name: shown,
    top: { bytes: top, descriptor: { mediaType: DOCKER_MANIFEST, digest: digestOf(top), size: top.length } },
    async document({ digest }) {
      if (digest === configDescriptor.digest) return config;
      throw new VarveError('BLOB_MISSING', `${shown} has no blob ${digest}`);
    },
    open(descriptor) {
      const stream = files.stream(names.get(descriptor.digest)!);
      const verified = verifyBlob(descriptor, shown);
      stream.once('error', (error) => verified.destroy(error));
      return stream.pipe(verified);
    },
    close: () => files.close(),
  };
}

function readManifest(bytes: Buffer) {
  try {
    return manifestSchema.safeParse(parseJson(bytes));
  } catch {
    return { success: false } as const;
  }
}

function isNamed(name: string, wanted: string): boolean {
  return name === wanted || formatReference(parseReference(name)) === formatReference(parseReference(wanted));
}

async function describe(stream: Readable): Promise<Descriptor> {
  const hash = createHash('sha256');
  let [size, head] = [0, Buffer.alloc(0)];
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    if (size < 4) head = Buffer.concat([head, chunk.subarray(0, 4)]);
    hash.update(chunk);
    size += chunk.length;
  }
  const isGzip = head.length >= 2 && head.readUInt16BE(0) === 0x1f8b;
  const isZstd = head.length >= 4 && head.readUInt32LE(0) === 0xfd2fb528;
  const compression: Compression = isGzip ? 'gzip' : isZstd ? 'zstd' : 'none';
  return { mediaType: toDockerType(ociLayerType(compression)), digest: digestFromBytes(hash.digest()), size };
}
