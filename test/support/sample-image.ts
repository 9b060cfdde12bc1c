import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import type { Descriptor } from '../../src/oci/descriptor.ts';
import { type Digest, digestOf } from '../../src/oci/digest.ts';
import { OCI_CONFIG, OCI_INDEX, OCI_LAYER_GZIP, OCI_MANIFEST } from '../../src/oci/media-types.ts';
import { type Platform, platformSchema } from '../../src/oci/platform.ts';
import type { ImageContent, IndexContent } from '../../src/registry/image-content.ts';

/** A small image with one layer for each text, which is the file `file-<n>`. */
export async function sampleImage(
  texts: readonly string[],
  platform: Platform = { os: 'linux', architecture: 'amd64' },
): Promise<ImageContent & { readonly blobs: ReadonlyMap<Digest, Buffer> }> {
  const blobs = new Map<Digest, Buffer>();
  const layers: Descriptor[] = [];
  const diffIds: Digest[] = [];
  for (const [i, text] of texts.entries()) {
    const tar = await tarOf(`file-${i}`, text);
    const bytes = gzipSync(tar);
    const digest = digestOf(bytes);
    blobs.set(digest, bytes);
    diffIds.push(digestOf(tar));
    layers.push({ mediaType: OCI_LAYER_GZIP, digest, size: bytes.length });
  }
  const config = document(OCI_CONFIG, {
    ...platform,
    config: { Env: ['A=b'] },
    rootfs: { type: 'layers', diff_ids: diffIds },
    history: texts.map(() => ({ created_by: 'sample' })),
  });
  const manifest = document(OCI_MANIFEST, {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: config.descriptor,
    layers,
  });
  return {
    manifest,
    config,
    layers,
    blobs,
    open(digest) {
      const bytes = blobs.get(digest);
      if (!bytes) throw new Error(`no blob ${digest}`);
      return Readable.from([bytes], { objectMode: false });
    },
  };
}

/** An index of images, in order, each under its platform. */
export function sampleIndex(images: readonly (readonly [Platform, ImageContent])[]): IndexContent {
  const manifests = images.map(([platform, { manifest }]) => ({
    ...manifest.descriptor,
    platform: platformSchema.parse(platform),
  }));
  const index = document(OCI_INDEX, { schemaVersion: 2, mediaType: OCI_INDEX, manifests });
  return { index, images: images.map(([, image]) => image) };
}

export function document(mediaType: string, json: unknown): { bytes: Buffer; descriptor: Descriptor } {
  const bytes = Buffer.from(JSON.stringify(json));
  return { bytes, descriptor: { mediaType, digest: digestOf(bytes), size: bytes.length } };
}

async function tarOf(name: string, text: string): Promise<Buffer> {
  const tar = pack();
  tar.entry({ name, mtime: new Date(0) }, text);
  tar.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of tar) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
