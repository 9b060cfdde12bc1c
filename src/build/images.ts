import type { Store } from '../cas/store.ts';
import { type SourceLocation, VarveError } from '../errors.ts';
import { digestHex } from '../oci/digest.ts';
import { formatPlatform, type Platform } from '../oci/platform.ts';
import { formatReference, parseReference } from '../oci/reference.ts';
import { resolveImage } from '../registry/pull-image.ts';
import type { RegistryClient } from '../registry/registry-client.ts';
import { type BaseImage, baseImage } from './base-image.ts';
import type { LocalImages } from './local-images.ts';

/** Images by name, as FROM and --from use them: one manifest request for each, config and layers by digest. */
export interface Images {
  resolve(reference: string, platform: Platform, location?: SourceLocation): Promise<BaseImage>;
}

export function createImages(deps: {
  registry: RegistryClient;
  store: Store;
  local: LocalImages;
  /** Whether to ask the registry even for what the store keeps under a name. */
  pull: boolean;
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
        throw error instanceof VarveError ? failure(error, reference, location) : error;
      });
    },
  };
}

async function resolve(
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

function failure(error: VarveError, reference: string, location: SourceLocation | undefined): VarveError {
  let name = reference;
  try {
    name = formatReference(parseReference(reference));
  } catch {
    // the reference itself is what is wrong
  }
  const wrapped = new VarveError(error.code, `failed to resolve ${name}: ${error.message}`, {
    cause: error,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
  });
  return location ? wrapped.at(location) : wrapped;
}
