import { VarveError } from '../../errors.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { Digest } from '../../oci/digest.ts';
import { OCI_INDEX } from '../../oci/media-types.ts';
import { formatPlatform, platformSchema } from '../../oci/platform.ts';
import { type ImageContent, type IndexContent, isIndexContent } from '../../registry/image-content.ts';
import { type ImageSource, readContent } from '../../registry/image-source.ts';
import type { RepositoryName } from '../../registry/registry-client.ts';
import { makeDocument } from './image.ts';
import { readImage } from './read-image.ts';

/**
 * An index of the images of several sources; what is an index gives all its images, attestations among them. A descriptor
 * without a platform gets that of its config. `origins` says where a blob can be mounted from.
 * @throws VarveError `INDEX_PLATFORM_TWICE` when two images are for one platform
 */
export async function createIndex(
  sources: readonly ImageSource[],
  annotations: ReadonlyMap<string, string>,
): Promise<IndexContent & { readonly origins: ReadonlyMap<Digest, RepositoryName> }> {
  const origins = new Map<Digest, RepositoryName>();
  const images: ImageContent[] = [];
  const manifests: Descriptor[] = [];
  for (const source of sources) {
    const content = await readContent(source);
    const all = isIndexContent(content) ? content.images : [content];
    for (const image of all) {
      if (manifests.some(({ digest }) => digest === image.manifest.descriptor.digest)) continue;
      images.push(image);
      const blobs = [image.config.descriptor, ...image.layers];
      if (source.origin) for (const { digest } of blobs) origins.set(digest, source.origin);
      manifests.push(await described(source, image.manifest.descriptor));
    }
  }
  refuseTwice(manifests);
  const value = {
    schemaVersion: 2,
    mediaType: OCI_INDEX,
    manifests,
    ...(annotations.size ? { annotations: Object.fromEntries(annotations) } : {}),
  };
  return { index: makeDocument(value, OCI_INDEX), images, origins };
}

async function described(source: ImageSource, descriptor: Descriptor): Promise<Descriptor> {
  const { mediaType, digest, size, platform, annotations, artifactType } = descriptor;
  const own = {
    mediaType,
    digest,
    size,
    ...(annotations ? { annotations } : {}),
    ...(artifactType ? { artifactType } : {}),
  };
  if (platform) return { ...own, platform };
  const { config } = await readImage(source, descriptor);
  return { ...own, platform: platformSchema.parse(platformOf(config)) };
}

function platformOf({
  os,
  architecture,
  variant,
  'os.version': version,
}: Awaited<ReturnType<typeof readImage>>['config']) {
  return { os, architecture, ...(variant ? { variant } : {}), ...(version ? { 'os.version': version } : {}) };
}

function refuseTwice(manifests: readonly Descriptor[]): void {
  const seen = new Map<string, Descriptor>();
  for (const each of manifests) {
    if (!each.platform || each.platform.os === 'unknown') continue;
    const key = `${formatPlatform(each.platform)} ${each.platform['os.version'] ?? ''}`.trim();
    const other = seen.get(key);
    seen.set(key, each);
    if (!other) continue;
    throw new VarveError('INDEX_PLATFORM_TWICE', `${other.digest} and ${each.digest} are both for ${key}`, {
      hint: 'leave one of them out',
    });
  }
}
