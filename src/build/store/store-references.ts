import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { chainId } from '../../oci/chain-id.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { type Digest, digestFromBytes, digestHex, parseDigest } from '../../oci/digest.ts';
import { parseImageConfig } from '../../oci/image-config.ts';
import { type ImageIndex, parseManifestDocument } from '../../oci/manifest.ts';
import { DOCKER_CONFIG, INDEX_TYPES, layerCompression, OCI_CONFIG } from '../../oci/media-types.ts';
import { checkDepth } from '../../registry/choose-image.ts';
import { type LayoutIndex, REF_NAME } from '../../registry/oci-layout.ts';
import type { Records } from '../cache/records.ts';
import { readNames } from '../images/read-names.ts';

/** An image that the store knows: kept under a name, or pulled as a base. */
export interface KnownImage {
  /** Undefined for a base that belongs to a registry. */
  readonly name: string | undefined;
  /** What the name means: its manifest, or the index that it is one of. */
  readonly manifest: Digest;
  readonly blobs: readonly Digest[];
  readonly layers: readonly { readonly descriptor: Descriptor; readonly diffId: Digest }[];
  /** Why it cannot be read; it has no layers then. */
  readonly problem?: string;
}

/** What an unpacked layer is made from. */
export interface LayerOrigin {
  readonly descriptor: Descriptor;
  readonly diffId: Digest;
  /** Exact digest of a snapshot that it is the top of, when one is known. */
  readonly tree?: Digest;
}

/** What the store's rows and names lead to. Memory: some hundred bytes for each layer. */
export interface References {
  readonly images: readonly KnownImage[];
  /** Hex digits of blobs, to whether an image that is kept by name needs it. */
  readonly blobs: ReadonlyMap<string, { readonly named: boolean }>;
  /** What unpacked layers are made from, by their directory's name: a layer may be there in several compressions. */
  readonly layers: ReadonlyMap<string, readonly LayerOrigin[]>;
  /** ChainIDs of the images' layers. */
  readonly chains: ReadonlySet<string>;
}

/** Manifests of the base images that builds have used, hex digits. */
export function pulledBases(uses: ReadonlyMap<string, number>): string[] {
  return [...uses.keys()].flatMap((key) => (key.startsWith('image/') ? [key.slice('image/'.length)] : []));
}

/**
 * @param bases manifests of pulled base images, hex digits
 * @param names the images that have a name, where the caller has read them
 * @throws VarveError `STORE_NAMES`
 */
export async function readReferences(
  path: string,
  {
    records,
    bases,
    names,
  }: { readonly records: Records; readonly bases: Iterable<string>; readonly names?: LayoutIndex },
): Promise<References> {
  const images = await knownImages(path, names ?? (await readNames(path)), bases);
  const blobs = new Map<string, { named: boolean }>();
  const layers = new Map<string, LayerOrigin[]>();
  const chains = new Set<string>();
  const add = (digest: Digest, named: boolean): void => {
    const known = blobs.get(digestHex(digest));
    blobs.set(digestHex(digest), { named: named || (known?.named ?? false) });
  };
  const addLayer = (name: Digest, origin: LayerOrigin): void => {
    const origins = layers.get(digestHex(name));
    if (!origins) layers.set(digestHex(name), [origin]);
    else if (!origins.some((other) => other.descriptor.digest === origin.descriptor.digest)) origins.push(origin);
  };
  for (const image of images) {
    for (const digest of image.blobs) add(digest, image.name !== undefined);
    for (const [i, layer] of image.layers.entries()) {
      const chain = chainId(image.layers.slice(0, i + 1).map(({ diffId }) => diffId))!;
      chains.add(chain);
      addLayer(layer.diffId, layer);
      addLayer(parseDigest(chain), layer);
    }
  }
  for await (const [, record] of records.allSteps()) {
    if (!record) continue;
    const { descriptor, diffId } = record.layer;
    add(descriptor.digest, false);
    if (record.changes) add(record.changes.digest, false);
    addLayer(diffId, { descriptor, diffId, tree: record.tree.exact });
  }
  for await (const digest of records.downloads()) add(digest, false);
  return { images, blobs, layers, chains };
}

async function knownImages(path: string, index: LayoutIndex, bases: Iterable<string>): Promise<KnownImage[]> {
  const images: KnownImage[] = [];
  for (const descriptor of index.manifests) {
    const name = descriptor.annotations?.[REF_NAME] ?? descriptor.digest;
    images.push(...(await readImages(path, name, parseDigest(descriptor.digest), descriptor.mediaType)));
  }
  for (const hex of bases) images.push(...(await readImages(path, undefined, parseDigest(`sha256:${hex}`), undefined)));
  return images;
}

/** An image, or all that an index has. */
async function readImages(
  path: string,
  name: string | undefined,
  top: Digest,
  mediaType: string | undefined,
): Promise<KnownImage[]> {
  try {
    const document = parseManifestDocument(await readDocument(path, top), mediaType);
    if (document.kind === 'manifest') return [await readImage(path, name, top, top)];
    return [
      { name, manifest: top, blobs: [top], layers: [] },
      ...(await readInner(path, name, top, document.index, 1)),
    ];
  } catch (error) {
    return [{ name, manifest: top, blobs: [top], layers: [], problem: (error as Error).message }];
  }
}

/** What an index has, indexes inside it too. */
async function readInner(
  path: string,
  name: string | undefined,
  top: Digest,
  { manifests }: ImageIndex,
  depth: number,
): Promise<KnownImage[]> {
  const found = manifests.map(async ({ digest, mediaType }): Promise<KnownImage[]> => {
    if (!INDEX_TYPES.includes(mediaType)) return [await readImage(path, name, top, digest)];
    const own = { name, manifest: top, blobs: [digest], layers: [] };
    try {
      checkDepth(depth + 1);
      const document = parseManifestDocument(await readDocument(path, digest), mediaType);
      return document.kind === 'index'
        ? [own, ...(await readInner(path, name, top, document.index, depth + 1))]
        : [own];
    } catch (error) {
      return [{ ...own, problem: (error as Error).message }];
    }
  });
  return (await Promise.all(found)).flat();
}

/** @param top the index that the image is one of, or itself */
async function readImage(path: string, name: string | undefined, top: Digest, manifest: Digest): Promise<KnownImage> {
  try {
    const document = parseManifestDocument(await readDocument(path, manifest), undefined);
    if (document.kind !== 'manifest') throw new Error(`${manifest} is an index`);
    const { config, layers } = document.manifest;
    const blobs = [manifest, config.digest, ...layers.map(({ digest }) => digest)];
    // What is no image has no layers to unpack: attestations and other artifacts.
    if (config.mediaType !== OCI_CONFIG && config.mediaType !== DOCKER_CONFIG)
      return { name, manifest: top, blobs, layers: [] };
    const ids = parseImageConfig(await readDocument(path, config.digest)).rootfs.diff_ids;
    return {
      name,
      manifest: top,
      blobs,
      layers: layers.flatMap((descriptor, i) => {
        const diffId = ids[i];
        return diffId && layerCompression(descriptor.mediaType) ? [{ descriptor, diffId }] : [];
      }),
    };
  } catch (error) {
    return { name, manifest: top, blobs: [manifest], layers: [], problem: (error as Error).message };
  }
}

/** Reads past the store's own interface, which would hold the blob. */
async function readDocument(path: string, digest: Digest): Promise<Buffer> {
  const bytes = await readFile(join(path, 'blobs', 'sha256', digestHex(digest))).catch(() => undefined);
  if (!bytes) throw new Error(`its blob ${digest} is missing`);
  if (digestFromBytes(createHash('sha256').update(bytes).digest()) !== digest)
    throw new Error(`its blob ${digest} is damaged`);
  return bytes;
}
