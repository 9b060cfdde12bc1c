/** @see https://github.com/opencontainers/image-spec/blob/v1.1.1/media-types.md */
export const OCI_INDEX = 'application/vnd.oci.image.index.v1+json';
export const OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
export const OCI_CONFIG = 'application/vnd.oci.image.config.v1+json';
export const OCI_LAYER = 'application/vnd.oci.image.layer.v1.tar';
export const OCI_LAYER_GZIP = 'application/vnd.oci.image.layer.v1.tar+gzip';
export const OCI_LAYER_ZSTD = 'application/vnd.oci.image.layer.v1.tar+zstd';

/** @see https://distribution.github.io/distribution/spec/manifest-v2-2/ */
export const DOCKER_LIST = 'application/vnd.docker.distribution.manifest.list.v2+json';
export const DOCKER_MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json';
export const DOCKER_CONFIG = 'application/vnd.docker.container.image.v1+json';
export const DOCKER_LAYER_GZIP = 'application/vnd.docker.image.rootfs.diff.tar.gzip';
export const DOCKER_LAYER_ZSTD = 'application/vnd.docker.image.rootfs.diff.tar.zstd';
export const DOCKER_LAYER = 'application/vnd.docker.image.rootfs.diff.tar';
export const DOCKER_FOREIGN_LAYER = 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip';

/** Docker schema 1: refused by name. */
export const DOCKER_SCHEMA1 = [
  'application/vnd.docker.distribution.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v1+prettyjws',
] as const;

export const MANIFEST_TYPES: readonly string[] = [OCI_MANIFEST, DOCKER_MANIFEST];
export const INDEX_TYPES: readonly string[] = [OCI_INDEX, DOCKER_LIST];

export type Compression = 'none' | 'gzip' | 'zstd';

/** How a layer of this media type is compressed; undefined when it is no layer's type that varve knows. */
export function layerCompression(mediaType: string): Compression | undefined {
  switch (mediaType) {
    case OCI_LAYER:
    case DOCKER_LAYER:
    case 'application/vnd.oci.image.layer.nondistributable.v1.tar':
      return 'none';
    case OCI_LAYER_GZIP:
    case DOCKER_LAYER_GZIP:
    case DOCKER_FOREIGN_LAYER:
    case 'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip':
      return 'gzip';
    case OCI_LAYER_ZSTD:
    case DOCKER_LAYER_ZSTD:
    case 'application/vnd.oci.image.layer.nondistributable.v1.tar+zstd':
      return 'zstd';
    default:
      return undefined;
  }
}

/** The OCI layer type for a compression. */
export function ociLayerType(compression: Compression): string {
  return { none: OCI_LAYER, gzip: OCI_LAYER_GZIP, zstd: OCI_LAYER_ZSTD }[compression];
}

/** The Docker type that says the same as an OCI layer's type; other types as they are. */
export function toDockerType(mediaType: string): string {
  const compression = layerCompression(mediaType);
  if (!compression || !mediaType.startsWith('application/vnd.oci.image.layer.v1.')) return mediaType;
  return { none: DOCKER_LAYER, gzip: DOCKER_LAYER_GZIP, zstd: DOCKER_LAYER_ZSTD }[compression];
}

/** The OCI type that says the same as a Docker type; other types as they are. */
export function toOciType(mediaType: string): string {
  const compression = layerCompression(mediaType);
  if (compression && mediaType.startsWith('application/vnd.docker.')) return ociLayerType(compression);
  if (mediaType === DOCKER_MANIFEST) return OCI_MANIFEST;
  if (mediaType === DOCKER_LIST) return OCI_INDEX;
  if (mediaType === DOCKER_CONFIG) return OCI_CONFIG;
  return mediaType;
}
