import type { Store } from '../../cas/store.ts';
import { nearest } from '../../dockerfile/suggest.ts';
import { type SourceLocation, VarveError } from '../../errors.ts';
import { fromText } from '../../io/byte-path.ts';
import { type Digest, digestHex } from '../../oci/digest.ts';
import { formatPlatform, type Platform } from '../../oci/platform.ts';
import { formatReference, parseReference } from '../../oci/reference.ts';
import { resolveImage } from '../../registry/pull-image.ts';
import { readOciLayout } from '../../registry/read-oci-layout.ts';
import type { RegistryClient } from '../../registry/registry-client.ts';
import { type BaseImage, baseImage } from './base-image.ts';
import type { PlatformImage } from './build-result.ts';
import type { LocalImages } from './local-images.ts';

/** Images by name, as FROM and --from use them: one manifest request for each, config and layers by digest. */
export interface Images {
  resolve(reference: string, platform: Platform, location?: SourceLocation): Promise<BaseImage>;
}

/** By name, platform and whether the registry had to be asked. */
export type FoundImages = Map<string, Promise<BaseImage>>;

export function createImages(deps: {
  registry: RegistryClient;
  store: Store;
  local: LocalImages;
  /** Whether to ask the registry even for what the store keeps under a name. */
  pull: boolean;
  /** The Dockerfile's stages: an image that cannot be had may be one of them, mistyped. */
  stages?: readonly string[];
  /** By layoutReference(). */
  layouts: ReadonlyMap<string, { readonly path: string; readonly tag: string; readonly digest?: Digest }>;
  /** What other targets came to, by layoutReference(). */
  built?: ReadonlyMap<string, readonly PlatformImage[]>;
  /** What names were found to mean by builds that run side by side: each is asked for once. */
  found?: FoundImages;
  signal: AbortSignal;
}): Images {
  const memo = new Map<string, Promise<BaseImage>>();
  return {
    resolve(reference, platform, location) {
      const key = `${reference} ${formatPlatform(platform)}`;
      let image = memo.get(key);
      if (!image) {
        image = resolve(deps, reference, platform);
        memo.set(key, image);
      }
      return image.catch((error: unknown) => {
        throw error instanceof VarveError ? failure(error, reference, location, deps.stages) : error;
      });
    },
  };
}

async function resolve(deps: Parameters<typeof createImages>[0], text: string, platform: Platform): Promise<BaseImage> {
  const images = deps.built?.get(text);
  if (images) return fromBuilt(images, text, platform);
  const layout = deps.layouts.get(text);
  if (layout) return fromLayout(layout, text, platform, deps.store);
  const { found } = deps;
  if (!found) return fromName(deps, text, platform);
  const key = `${text} ${formatPlatform(platform)} ${deps.pull}`;
  const known = found.get(key);
  if (known) return known;
  const image = fromName(deps, text, platform);
  found.set(key, image);
  // Who asks again after a failure is not told of the old one.
  image.catch(() => found.delete(key));
  return image;
}

/** An image that the store keeps under the name, or a registry's. */
async function fromName(
  { registry, store, local, pull, signal }: Parameters<typeof createImages>[0],
  text: string,
  platform: Platform,
): Promise<BaseImage> {
  const reference = parseReference(text);
  const kept = pull ? undefined : await local.find(reference, platform);
  if (kept?.image) return { ...kept.image, reference: text };
  const { blobs } = store;
  const resolved = await resolveImage(registry, reference, platform, {
    cache: {
      read: async (digest) => ((await blobs.has(digest)) ? blobs.read(digest) : undefined),
      write: async (digest, bytes) => void (await blobs.put(bytes, { digest })),
    },
    signal,
  }).catch((error: unknown) => {
    if (!(error instanceof VarveError) || !kept?.other.length) throw error;
    throw new VarveError(error.code, error.message, {
      cause: error,
      hint: `the store keeps this name for ${kept.other.join(', ')}; build with --platform=${kept.other[0]}`,
    });
  });
  store.hold('image', digestHex(resolved.manifestDescriptor.digest));
  for (const { digest } of resolved.manifest.layers) await blobs.has(digest); // which holds those that are here
  return baseImage(text, resolved, { registry: reference.registry, repository: reference.repository });
}

/** The image that another target of the same bake came to: its layers are where they are. */
function fromBuilt(images: readonly PlatformImage[], text: string, platform: Platform): BaseImage {
  const wanted = formatPlatform(platform);
  const found = images.length === 1 ? images[0] : images.find((each) => formatPlatform(each.platform) === wanted);
  if (!found) throw new VarveError('PLATFORM_MISSING', `the target was not built for ${wanted}`);
  const { config, manifest, layers, format } = found.image;
  return {
    reference: text,
    manifestDigest: manifest.descriptor.digest,
    format,
    config: config.value,
    layers,
    history: config.value.history ?? [],
  };
}

/** An image of a layout on disk; its layers are copied into the store, checked. */
async function fromLayout(
  { path, tag, digest }: { readonly path: string; readonly tag: string; readonly digest?: Digest },
  text: string,
  platform: Platform,
  { blobs }: Store,
): Promise<BaseImage> {
  const found = await readOciLayout(fromText(path), digest === undefined ? { tag } : { digest }, platform);
  for (const layer of found.layers)
    if (!(await blobs.has(layer.digest))) await blobs.put(found.open(layer.digest), layer);
  const manifestDescriptor = found.manifest.descriptor;
  return baseImage(text, { manifest: found.parsedManifest, manifestDescriptor, config: found.parsedConfig });
}

function failure(
  error: VarveError,
  reference: string,
  location: SourceLocation | undefined,
  stages: readonly string[] = [],
): VarveError {
  let name = reference;
  try {
    name = formatReference(parseReference(reference));
  } catch {
    // the reference itself is what is wrong
  }
  const hints = [stageHint(reference, stages), error.hint].filter((hint) => hint !== undefined);
  const wrapped = new VarveError(error.code, `failed to resolve ${name}: ${error.message}`, {
    cause: error,
    ...(hints.length ? { hint: hints.join('; if it is an image: ') } : {}),
  });
  return location ? wrapped.at(location) : wrapped;
}

function stageHint(reference: string, stages: readonly string[]): string | undefined {
  const stage = nearest(reference, stages);
  if (stage === undefined) return undefined;
  return stage === reference.toLowerCase()
    ? `the stage ${stage} is not there before this line`
    : `did you mean the stage ${stage}?`;
}
