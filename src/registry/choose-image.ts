import { VarveError } from '../errors.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { ImageIndex, Manifest, ManifestDocument } from '../oci/manifest.ts';
import { INDEX_TYPES, MANIFEST_TYPES } from '../oci/media-types.ts';
import { formatPlatform, type Platform } from '../oci/platform.ts';
import { acceptsPlatform, offeredPlatforms, selectPlatform } from './select-platform.ts';

/** An index in an index is legal and rare; a deeper nest is a loop or an attack. */
export const INDEX_DEPTH = 3;

/** Where what an index refers to is read. */
export interface IndexReader {
  /** Undefined for what is not there. */
  manifest(descriptor: Descriptor): Promise<ManifestDocument | undefined>;
  /** The platform of an image's config. */
  platform(manifest: Manifest): Promise<Platform>;
}

export interface IndexChoice {
  readonly chosen?: { readonly descriptor: Descriptor; readonly manifest: Manifest };
  /** The platforms that there are. */
  readonly offered: readonly string[];
}

/**
 * The image of an index for a platform, as resolveImage() chooses it in a registry: by the index's entries, indexes inside it
 * too, and where an entry has no platform by the config.
 * @throws VarveError `MANIFEST_INVALID` for a nest deeper than {@link INDEX_DEPTH}; what the reader fails with
 */
export async function chooseFromIndex(
  { manifests }: ImageIndex,
  platform: Platform,
  read: IndexReader,
  depth = 1,
): Promise<IndexChoice> {
  checkDepth(depth);
  const offered = offeredPlatforms(manifests);
  const named = selectPlatform(manifests, platform);
  const candidates = named ? [named] : manifests.filter(hasNoPlatform);
  for (const descriptor of candidates) {
    const document = await read.manifest(descriptor);
    if (document?.kind === 'index') {
      const inner = await chooseFromIndex(document.index, platform, read, depth + 1);
      offered.push(...inner.offered);
      if (inner.chosen) return { ...inner, offered };
    } else if (document) {
      const { manifest } = document;
      if (named) return { chosen: { descriptor, manifest }, offered };
      const own = await read.platform(manifest);
      if (acceptsPlatform(own, platform)) return { chosen: { descriptor, manifest }, offered };
      offered.push(formatPlatform(own));
    }
  }
  return { offered: [...new Set(offered)].sort() };
}

/** @throws VarveError `MANIFEST_INVALID` */
export function checkDepth(depth: number): void {
  if (depth > INDEX_DEPTH) throw new VarveError('MANIFEST_INVALID', `indexes are nested more than ${INDEX_DEPTH} deep`);
}

/** Some tools leave the platform out of an index. */
function hasNoPlatform({ platform, mediaType, artifactType }: Descriptor): boolean {
  return !platform && !artifactType && [...MANIFEST_TYPES, ...INDEX_TYPES].includes(mediaType);
}
