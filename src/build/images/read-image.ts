import { VarveError } from '../../errors.ts';
import { createLimiter } from '../../io/limiter.ts';
import { unpackLayer } from '../../layer/unpack-layer.ts';
import type { UnpackedLayer } from '../../layer/unpack-stream.ts';
import { chainId } from '../../oci/chain-id.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { Digest } from '../../oci/digest.ts';
import { type ImageConfig, parseImageConfig } from '../../oci/image-config.ts';
import type { Manifest } from '../../oci/manifest.ts';
import { type ImageSource, readManifest } from '../../registry/image-source.ts';
import { applyLayer } from '../../snapshot/apply-layer.ts';
import { editTree } from '../../snapshot/edit-tree.ts';
import type { RootTree } from '../../snapshot/tree.ts';
import type { Services } from '../services.ts';

/** An image of a source, its documents read. */
export interface ReadImage {
  readonly source: ImageSource;
  readonly descriptor: Descriptor;
  readonly manifest: Manifest;
  readonly config: ImageConfig;
}

/** What reading an image needs of the services. */
export type ReadServices = Pick<Services, 'records' | 'trees' | 'libc' | 'unpackLimits' | 'unpackers' | 'signal'>;

/** @throws VarveError `REGISTRY_NOT_IMAGE` for an index, `CONFIG_INVALID` */
export async function readImage(source: ImageSource, descriptor: Descriptor): Promise<ReadImage> {
  const read = await readManifest(source, descriptor);
  if (read.kind === 'index')
    throw new VarveError('REGISTRY_NOT_IMAGE', `${source.name}: ${descriptor.digest} is an index`);
  const config = parseImageConfig(await source.document(read.manifest.config));
  return { source, descriptor: read.descriptor, manifest: read.manifest, config };
}

/**
 * A layer's entries, read by a thread; every byte of it is checked, nothing is written.
 * @throws VarveError as unpackLayer(), `BLOB_MISSING`
 */
export async function readLayer(
  { source, manifest, config }: ReadImage,
  index: number,
  { libc, unpackLimits, unpackers, signal }: Pick<ReadServices, 'libc' | 'unpackLimits' | 'unpackers' | 'signal'>,
): Promise<UnpackedLayer> {
  const layer = manifest.layers[index]!;
  const { mediaType, digest, size } = layer;
  const diffId = config.rootfs.diff_ids[index];
  signal.throwIfAborted();
  try {
    return await unpackLayer({
      source: source.blobPath?.(layer) ?? source.open(layer),
      mediaType,
      expected: { digest, size, ...(diffId ? { diffId } : {}) },
      whiteouts: 'trusted',
      ...(unpackLimits ? { limits: unpackLimits } : {}),
      pool: unpackers.pool,
      libc,
      signal,
    });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new VarveError('BLOB_MISSING', `${source.name} has no blob ${digest}`, { cause: error });
  }
}

/** All layers, as many at once as there are threads, and what is made of each at once; the answers are in their order. */
export function readLayers<T>(
  image: ReadImage,
  services: Pick<ReadServices, 'libc' | 'unpackLimits' | 'unpackers' | 'signal'>,
  make: (layer: UnpackedLayer) => T,
  isRead: (index: number) => boolean = () => true,
): (Promise<T> | undefined)[] {
  const limiter = createLimiter(services.unpackers.workers);
  return image.manifest.layers.map((_, index) => {
    if (!isRead(index)) return undefined;
    const read = limiter.run(async () => make(await readLayer(image, index, services)));
    // Whoever asks for it hears of it.
    read.catch(() => {});
    return read;
  });
}

/** The filesystem of an image; a stack of layers that was read before is not read again. */
export async function readTree(image: ReadImage, services: ReadServices): Promise<RootTree> {
  const { records, trees, signal } = services;
  const ids: readonly Digest[] = image.config.rootfs.diff_ids;
  let [known, at]: [RootTree | undefined, number] = [undefined, ids.length];
  for (; at > 0 && !known; at--) {
    const tree = await records.tree(chainId(ids.slice(0, at))!);
    if (tree && (await trees.has(tree.exact))) known = tree;
    if (known) break;
  }
  let root = known ?? (await editTree(trees, undefined).commit());
  for (let i = at; i < ids.length; i++) {
    signal.throwIfAborted();
    const { items } = await readLayer(image, i, services);
    root = await applyLayer(trees, i === 0 ? undefined : root, items);
    await records.putTree(chainId(ids.slice(0, i + 1))!, root);
  }
  return root;
}
