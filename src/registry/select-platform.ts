import type { Descriptor } from '../oci/descriptor.ts';
import { formatPlatform, normalizePlatform, type Platform } from '../oci/platform.ts';

/** The variants of an architecture that a machine of a later variant runs as well, oldest first; '' is none named. */
const VARIANTS: Readonly<Record<string, readonly string[]>> = {
  arm: ['v5', 'v6', 'v7', 'v8'],
  arm64: ['', 'v9'],
  amd64: ['', 'v2', 'v3', 'v4'],
};

/**
 * The platforms that will do, best first: the wanted one, then earlier variants of the same architecture.
 * @see https://github.com/containerd/platforms/blob/v1.0.0/compare.go (other architectures are not taken)
 */
export function acceptablePlatforms(wanted: Platform): Platform[] {
  const { os, architecture, variant = '' } = normalizePlatform(wanted);
  const order = VARIANTS[architecture] ?? [];
  const place = order.indexOf(variant);
  const variants = place < 0 ? [variant] : order.slice(0, place + 1).reverse();
  return variants.map((each) => ({ os, architecture, ...(each ? { variant: each } : {}) }));
}

/** The best of an index for a platform; of equals the first. Entries without a platform are not looked at. */
export function selectPlatform(manifests: readonly Descriptor[], wanted: Platform): Descriptor | undefined {
  for (const acceptable of acceptablePlatforms(wanted)) {
    const text = formatPlatform(acceptable);
    const found = manifests.find(
      ({ platform }) =>
        platform &&
        formatPlatform(platform) === text &&
        (!wanted['os.version'] || platform['os.version']?.startsWith(wanted['os.version'])),
    );
    if (found) return found;
  }
  return undefined;
}

/** Whether an image whose config names this platform will do. Older tools left the variant out. */
export function acceptsPlatform(actual: Platform, wanted: Platform): boolean {
  const { os, architecture } = normalizePlatform(wanted);
  const given = normalizePlatform(actual);
  if (given.os !== os || given.architecture !== architecture) return false;
  if (!actual.variant) return true;
  return acceptablePlatforms(wanted).some(({ variant }) => variant === given.variant);
}

/** `linux/amd64, linux/arm64`: what an index offers, without attestations. */
export function offeredPlatforms(manifests: readonly Descriptor[]): string[] {
  const named = manifests.flatMap(({ platform }) =>
    platform && platform.os !== 'unknown' ? [formatPlatform(platform)] : [],
  );
  return [...new Set(named)].sort();
}
