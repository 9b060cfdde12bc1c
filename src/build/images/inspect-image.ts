import type { UnpackedLayer } from '../../layer/unpack-stream.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { Digest } from '../../oci/digest.ts';
import { layerCompression } from '../../oci/media-types.ts';
import { formatPlatform } from '../../oci/platform.ts';
import type { ImageSource } from '../../registry/image-source.ts';
import { type FileLine, fileLine } from './file-line.ts';
import { type ReadImage, type ReadServices, readImage, readLayers } from './read-image.ts';

/** What there is to say of an image. */
export interface ImageReport {
  readonly name: string;
  readonly digest: Digest;
  readonly mediaType: string;
  readonly imageId: Digest;
  readonly platform: string;
  readonly created?: string;
  /** Bytes as they are sent: manifest, config and layers. */
  readonly size: number;
  readonly annotations: Readonly<Record<string, string>>;
  readonly config: Readonly<Record<string, unknown>>;
  readonly layers: readonly LayerReport[];
  /** History lines without a layer too, oldest first. */
  readonly history: readonly { readonly created?: string; readonly createdBy: string; readonly layer?: number }[];
}

export interface LayerReport {
  readonly digest: Digest;
  readonly diffId?: Digest;
  readonly mediaType: string;
  readonly compression: string;
  readonly size: number;
  readonly createdBy?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  /** With files only. */
  readonly files?: readonly FileLine[];
}

/**
 * @param options.files also lists what each layer has, for which every layer is read
 * @throws VarveError as {@link readImage} and readLayer()
 */
export async function inspectImage(
  source: ImageSource,
  descriptor: Descriptor,
  options: { readonly files: boolean },
  services: ReadServices,
): Promise<ImageReport> {
  const image = await readImage(source, descriptor);
  const { manifest, config } = image;
  const history = historyOf(image);
  const layers: LayerReport[] = [];
  const files = options.files ? await filesOf(image, services) : undefined;
  for (const [i, layer] of manifest.layers.entries()) {
    const { digest, mediaType, size, annotations } = layer;
    const diffId = config.rootfs.diff_ids[i];
    const createdBy = history.find((line) => line.layer === i)?.createdBy;
    layers.push({
      digest,
      ...(diffId ? { diffId } : {}),
      mediaType,
      compression: layerCompression(mediaType) ?? 'unknown',
      size,
      ...(createdBy === undefined ? {} : { createdBy }),
      ...(annotations ? { annotations } : {}),
      ...(files ? { files: files[i] ?? [] } : {}),
    });
  }
  const size = image.descriptor.size + manifest.config.size + layers.reduce((sum, layer) => sum + layer.size, 0);
  return {
    name: source.name,
    digest: image.descriptor.digest,
    mediaType: image.descriptor.mediaType,
    imageId: manifest.config.digest,
    platform: formatPlatform(config),
    ...(config.created === undefined ? {} : { created: config.created }),
    size,
    annotations: manifest.annotations ?? {},
    config: config.config ?? {},
    layers,
    history,
  };
}

/** The files of each layer; the first that cannot be read ends the others. */
async function filesOf(
  image: ReadImage,
  services: ReadServices,
): Promise<readonly (readonly FileLine[] | undefined)[]> {
  const stop = new AbortController();
  const signal = AbortSignal.any([services.signal, stop.signal]);
  const lines = ({ items }: UnpackedLayer): FileLine[] => items.map((item) => fileLine(item));
  try {
    return await Promise.all(readLayers(image, { ...services, signal }, lines));
  } finally {
    stop.abort();
  }
}

function historyOf({ config }: ReadImage): ImageReport['history'] {
  let layer = 0;
  return (config.history ?? []).map(({ created, created_by: createdBy = '', empty_layer: isEmpty }) => ({
    ...(created === undefined ? {} : { created }),
    createdBy,
    ...(isEmpty ? {} : { layer: layer++ }),
  }));
}
