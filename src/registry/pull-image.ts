import type { Readable } from 'node:stream';
import { VarveError } from '../errors.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { type Digest, digestOf } from '../oci/digest.ts';
import { type ImageConfig, parseImageConfig } from '../oci/image-config.ts';
import { type Manifest, type ManifestDocument, parseManifestDocument } from '../oci/manifest.ts';
import { DOCKER_CONFIG, INDEX_TYPES, MANIFEST_TYPES, OCI_CONFIG } from '../oci/media-types.ts';
import { formatPlatform, type Platform } from '../oci/platform.ts';
import { formatReference, type Reference } from '../oci/reference.ts';
import { INDEX_DEPTH } from './choose-image.ts';
import type { FetchedManifest, RegistryClient } from './registry-client.ts';
import { acceptsPlatform, offeredPlatforms, selectPlatform } from './select-platform.ts';

export interface ResolvedImage {
  readonly manifest: Manifest;
  readonly manifestDescriptor: Descriptor;
  readonly config: ImageConfig;
  readonly configDescriptor: Descriptor;
  /** The index that the image was chosen from; undefined when the name meant an image. */
  readonly indexDescriptor?: Descriptor;
}

/** Where manifests and configs are kept between builds. What it gives is hashed again; what it lacks is fetched. */
export interface DocumentCache {
  read(digest: Digest): Promise<Uint8Array | undefined>;
  write(digest: Digest, bytes: Buffer): Promise<void>;
}

export interface ResolveOptions {
  readonly cache?: DocumentCache;
  readonly signal?: AbortSignal;
}

/** Configs are read into memory: 8 MiB is twice what registries take for a manifest. */
export const CONFIG_LIMIT_BYTES = 8 * 1024 * 1024;

/**
 * Finds the image that a name means on a platform, with its config. A name that means one image and no index gives that
 * image, whatever its platform is: the caller compares. With a cache, a name with a digest costs no request
 * and a tag one HEAD when its documents are known.
 * @throws VarveError `REGISTRY_PLATFORM` naming what there is, `REGISTRY_NOT_IMAGE` for other artifacts,
 *   `MANIFEST_*`, `CONFIG_INVALID`, `REGISTRY_*`
 */
export async function resolveImage(
  client: Pick<RegistryClient, 'manifest' | 'headManifest' | 'blob'>,
  reference: Reference,
  platform: Platform,
  options: ResolveOptions = {},
): Promise<ResolvedImage> {
  const { cache, signal } = options;
  const name = formatReference(reference);

  async function fromCache(digest: Digest): Promise<Buffer | undefined> {
    // A document that cannot be read from the cache is fetched.
    const bytes = await cache?.read(digest).catch(() => undefined);
    return bytes && digestOf(bytes) === digest ? Buffer.from(bytes) : undefined;
  }

  async function fetched(digest: Digest | undefined): Promise<FetchedManifest> {
    let known = digest;
    // A HEAD is small and doesn't count against Docker Hub's pull limit.
    if (!known && cache) known = (await client.headManifest(reference, signal))?.digest;
    const kept = known && (await fromCache(known));
    if (known && kept) {
      const { mediaType } = parseManifestDocument(kept, undefined);
      return { descriptor: { mediaType, digest: known, size: kept.length }, bytes: kept };
    }
    const found = await client.manifest(known ? { ...reference, digest: known } : reference, signal);
    await cache?.write(found.descriptor.digest, found.bytes);
    return found;
  }

  async function image(
    found: FetchedManifest,
    document: ManifestDocument & { kind: 'manifest' },
  ): Promise<ResolvedImage> {
    const { manifest } = document;
    const { config: configDescriptor } = manifest;
    if (configDescriptor.mediaType !== OCI_CONFIG && configDescriptor.mediaType !== DOCKER_CONFIG) {
      const type = manifest.artifactType ?? configDescriptor.mediaType;
      throw new VarveError('REGISTRY_NOT_IMAGE', `${name} is not an image but an artifact of type ${type}`);
    }
    const bytes = (await fromCache(configDescriptor.digest)) ?? (await fetchConfig(configDescriptor));
    const manifestDescriptor = { ...found.descriptor, mediaType: document.mediaType };
    return { manifest, manifestDescriptor, config: parseImageConfig(bytes), configDescriptor };
  }

  async function fetchConfig(descriptor: Descriptor): Promise<Buffer> {
    if (descriptor.size > CONFIG_LIMIT_BYTES) {
      throw new VarveError(
        'REGISTRY_TOO_LARGE',
        `config of ${name}: ${descriptor.size} bytes; at most ${CONFIG_LIMIT_BYTES} are read`,
      );
    }
    const bytes = await collect(await client.blob(reference, descriptor, signal));
    await cache?.write(descriptor.digest, bytes);
    return bytes;
  }

  /** The image below a manifest or index; undefined when the index has none for the platform. */
  async function choose(found: FetchedManifest, depth: number, offered: string[]): Promise<ResolvedImage | undefined> {
    const document = parseManifestDocument(found.bytes, found.descriptor.mediaType || undefined);
    if (document.kind === 'manifest') return image(found, document);
    if (depth >= INDEX_DEPTH)
      throw new VarveError('MANIFEST_INVALID', `${name}: indexes nested more than ${INDEX_DEPTH} deep`);
    const { manifests } = document.index;
    offered.push(...offeredPlatforms(manifests));
    const named = selectPlatform(manifests, platform);
    if (named) return choose(await fetched(named.digest), depth + 1, offered);
    // Some tools leave the platform out of an index: then the configs know.
    for (const entry of manifests) {
      if (entry.platform || ![...MANIFEST_TYPES, ...INDEX_TYPES].includes(entry.mediaType) || entry.artifactType)
        continue;
      const candidate = await choose(await fetched(entry.digest), depth + 1, offered);
      if (candidate && acceptsPlatform(candidate.config, platform)) return candidate;
      if (candidate) offered.push(formatPlatform(candidate.config));
    }
    return undefined;
  }

  const top = await fetched(reference.digest);
  const offered: string[] = [];
  const chosen = await choose(top, 0, offered);
  const isIndex = chosen?.manifestDescriptor.digest !== top.descriptor.digest;
  if (!chosen) throw missing(name, platform, [...new Set(offered)].sort());
  return isIndex ? { ...chosen, indexDescriptor: top.descriptor } : chosen;
}

function missing(name: string, platform: Platform, offered: readonly string[]): VarveError {
  const wanted = formatPlatform(platform);
  const has = offered.length ? offered.join(', ') : 'no image with a platform';
  return new VarveError('REGISTRY_PLATFORM', `${name} is not there for ${wanted}: it has ${has}`, {
    ...(offered[0] ? { hint: `build for one of these, for example with --platform=${offered[0]}` } : {}),
  });
}

async function collect(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}
