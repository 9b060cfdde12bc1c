import { VarveError } from '../../errors.ts';
import type { UnpackedLayer } from '../../layer/unpack-stream.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { Manifest } from '../../oci/manifest.ts';
import { layerCompression } from '../../oci/media-types.ts';
import { formatPlatform, normalizePlatform } from '../../oci/platform.ts';
import { INDEX_DEPTH } from '../../registry/choose-image.ts';
import { isForeign } from '../../registry/content-blobs.ts';
import { type ImageSource, readManifest } from '../../registry/image-source.ts';
import { type ReadImage, type ReadServices, readImage, readLayers } from './read-image.ts';

export interface Validation {
  /** Manifests and indexes, configs, what attestations and other artifacts have; and layers: all read and checked. */
  readonly checked: {
    readonly documents: number;
    readonly layers: number;
    readonly bytes: number;
    readonly entries: number;
  };
  readonly problems: readonly Problem[];
}

export interface Problem {
  /** The digest of what is wrong. */
  readonly where: string;
  readonly code: string;
  readonly message: string;
}

/**
 * Computes everything that an image says of itself anew: digests and sizes of all blobs, diffIDs, the history against the
 * layers, the tar rules, platforms, media types; and the digests of all that refers to it. Goes on after what it finds.
 */
export async function validateImage(source: ImageSource, services: ReadServices): Promise<Validation> {
  const problems: Problem[] = [];
  const checked = { documents: 0, layers: 0, bytes: 0, entries: 0 };
  const seen = new Set<string>();
  const found = (where: string, code: string, message: string): void => void problems.push({ where, code, message });
  const attempt = async <T>(where: string, action: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await action();
    } catch (error) {
      services.signal.throwIfAborted();
      if (!(error instanceof VarveError)) throw error;
      found(where, error.code, error.message);
      return undefined;
    }
  };

  const checkLayers = async (image: ReadImage): Promise<void> => {
    const { manifest, config } = image;
    const ids = config.rootfs.diff_ids;
    const where = manifest.config.digest;
    if (ids.length !== manifest.layers.length)
      found(where, 'LAYER_COUNT', `the config has ${ids.length} diffIDs for ${manifest.layers.length} layers`);
    const told = (config.history ?? []).filter((line) => !line.empty_layer).length;
    if (config.history?.length && told !== manifest.layers.length)
      found(where, 'HISTORY_COUNT', `the history has ${told} lines with a layer for ${manifest.layers.length} layers`);
    const sums = ({ size, items }: UnpackedLayer) => ({ bytes: size, entries: items.length });
    const reads = readLayers(image, services, sums, (i) => {
      const layer = manifest.layers[i]!;
      const name = `${layer.digest} ${ids[i]}`;
      if (!layerCompression(layer.mediaType) || isForeign(layer) || seen.has(name)) return false;
      seen.add(name);
      return true;
    });
    for (const [i, { digest, mediaType }] of manifest.layers.entries()) {
      if (!layerCompression(mediaType))
        found(digest, 'LAYER_TYPE', `${mediaType} is no type of a layer that varve knows`);
      const read = await attempt(digest, async () => reads[i]);
      if (!read) continue;
      checked.layers++;
      checked.bytes += read.bytes;
      checked.entries += read.entries;
    }
  };

  /** Attestations and other artifacts have configs and layers of their own kinds: their digests are all there is to check. */
  const checkArtifact = async ({ config, layers }: Manifest): Promise<void> => {
    for (const blob of [config, ...layers]) {
      if (seen.has(blob.digest)) continue;
      seen.add(blob.digest);
      const isRead = await attempt(blob.digest, async () => {
        // Every byte that comes out was checked.
        for await (const _ of source.open(blob)) services.signal.throwIfAborted();
        return true;
      });
      if (isRead) checked.documents++;
    }
  };

  const checkReferrers = async (subject: Descriptor, depth: number): Promise<void> => {
    for (const each of (await attempt(subject.digest, async () => source.referrers?.(subject.digest))) ?? []) {
      const read = await attempt(each.digest, () => readManifest(source, each));
      // A layout lists what refers to all of its images.
      if (read?.kind === 'index' || (read && read.manifest.subject?.digest !== subject.digest)) continue;
      await check(each, depth + 1);
    }
  };

  const check = async (descriptor: Descriptor, depth: number): Promise<void> => {
    if (seen.has(descriptor.digest)) return;
    seen.add(descriptor.digest);
    const read = await attempt(descriptor.digest, () => readManifest(source, descriptor));
    if (!read) return;
    checked.documents++;
    if (depth <= INDEX_DEPTH) await checkReferrers(descriptor, depth);
    checkSize(descriptor, read.bytes.length, found);
    if (read.kind === 'index') {
      if (depth >= INDEX_DEPTH)
        return found(descriptor.digest, 'MANIFEST_INVALID', `indexes are nested more than ${INDEX_DEPTH} deep`);
      for (const each of read.index.manifests) await check(each, depth + 1);
      return;
    }
    if (read.manifest.artifactType || /\+json$/.test(read.manifest.layers[0]?.mediaType ?? ''))
      return checkArtifact(read.manifest);
    const image = await attempt(read.manifest.config.digest, () => readImage(source, descriptor));
    if (!image) return;
    checked.documents++;
    checkPlatform(descriptor, image, found);
    await checkLayers(image);
  };

  await check(source.top.descriptor, 0);
  return { checked, problems };
}

type Found = (where: string, code: string, message: string) => void;

function checkSize({ digest, size }: Descriptor, bytes: number, found: Found): void {
  if (size !== bytes) found(digest, 'SIZE', `its descriptor says ${size} bytes, and it has ${bytes}`);
}

function checkPlatform({ digest, platform }: Descriptor, { config }: ReadImage, found: Found): void {
  if (!platform) return;
  const [said, is] = [normalizePlatform(platform), normalizePlatform(config)];
  if (
    said.os === is.os &&
    said.architecture === is.architecture &&
    (!said.variant || !is.variant || said.variant === is.variant)
  )
    return;
  found(digest, 'PLATFORM', `the index says ${formatPlatform(platform)}, its config ${formatPlatform(config)}`);
}
