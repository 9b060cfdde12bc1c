import type { Descriptor } from '../oci/descriptor.ts';
import { formatPlatform, normalizePlatform, type Platform } from '../oci/platform.ts';

/** The variants of an architecture that a machine of a later variant runs as well, oldest first; '' is none named. */
const VARIANTS: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries<readonly string[]>({
    arm: ['v5', 'v6', 'v7', 'v8'],
    arm64: ['', 'v9'],
    amd64: ['', 'v2', 'v3', 'v4'],
  }),
);

/** The 32-bit platform that a 64-bit machine runs as well. */
const NARROWER: ReadonlyMap<string, { readonly architecture: string; readonly variant?: string }> = new Map(
  Object.entries<{ readonly architecture: string; readonly variant?: string }>({
    amd64: { architecture: '386' },
    arm64: { architecture: 'arm', variant: 'v8' },
  }),
);

/**
 * The platforms that will do, best first: the wanted one, then earlier variants of the same architecture, then 32-bit
 * ones.
 * @see https://github.com/containerd/platforms/blob/v1.0.0/compare.go platformVector
 */
export function acceptablePlatforms(wanted: Platform): Platform[] {
  const { os, architecture, variant = '' } = normalizePlatform(wanted);
  const order = VARIANTS.get(architecture) ?? [];
  const place = order.indexOf(variant);
  const variants = place < 0 ? [variant] : order.slice(0, place + 1).reverse();
  const own = variants.map((each) => ({ os, architecture, ...(each ? { variant: each } : {}) }));
  const narrower = NARROWER.get(architecture);
  return narrower ? [...own, ...acceptablePlatforms({ os, ...narrower })] : own;
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
  const given = normalizePlatform(actual);
  return acceptablePlatforms(wanted).some(
    ({ os, architecture, variant }) =>
      os === given.os && architecture === given.architecture && (!actual.variant || variant === given.variant),
  );
}

/** `linux/amd64, linux/arm64`: what an index offers, without attestations. */
export function offeredPlatforms(manifests: readonly Descriptor[]): string[] {
  const named = manifests.flatMap(({ platform }) =>
    platform && platform.os !== 'unknown' ? [formatPlatform(platform)] : [],
  );
  return [...new Set(named)].sort();
}
