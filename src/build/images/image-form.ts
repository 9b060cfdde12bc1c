import { VarveError } from '../../errors.ts';
import { type CompressionSettings, compressionSettings } from '../../layer/compressor.ts';
import type { Compression } from '../../oci/media-types.ts';
import type { Annotation } from './annotations.ts';
import type { ImageFormat } from './image.ts';

/** How layers are written: eStargz is gzip with a table of contents. */
export interface LayerForm {
  readonly method: Compression | 'estargz';
  readonly level: number;
}

/** How an output wants its image, where that is not how it was built. */
export interface ImageForm {
  /** Media types; absent: those of the base, OCI's where there is none. */
  readonly format?: ImageFormat;
  readonly layers?: LayerForm;
  /** Whether the base's layers are compressed anew as well. */
  readonly forceCompression?: boolean;
  /** Whether files of this build's layers that are younger than SOURCE_DATE_EPOCH get its time. */
  readonly rewriteTimestamp?: boolean;
  readonly annotations?: readonly Annotation[];
}

export const COMPRESSION_NAMES = ['gzip', 'zstd', 'estargz', 'uncompressed'] as const;
/** As docker buildx names them. */
export type CompressionName = (typeof COMPRESSION_NAMES)[number];

/** kaniko's word for the method's own level. */
const DEFAULT_LEVEL = -1;

/** @throws VarveError `COMPRESSION_LEVEL` for a level that the method doesn't have */
export function layerForm(name: CompressionName, level: number | undefined): LayerForm {
  const method = name === 'uncompressed' ? 'none' : name;
  const chosen = level === DEFAULT_LEVEL ? undefined : level;
  return { method, level: compressionSettings(method === 'estargz' ? 'gzip' : method, chosen).level };
}

/** How steps' layers are compressed for a form: an eStargz is made of gzip ones, on the way out. */
export function stepCompression({ method, level }: LayerForm): CompressionSettings {
  return { compression: method === 'estargz' ? 'gzip' : method, level };
}

/**
 * @param defaults of the command line; what the output itself says goes before them
 * @throws VarveError `USAGE` for what Docker's types cannot say
 */
export function mergedForm(defaults: ImageForm, own: ImageForm = {}): ImageForm {
  const form = { ...defaults, ...own, annotations: [...(defaults.annotations ?? []), ...(own.annotations ?? [])] };
  const what = form.annotations.length ? 'annotations' : onlyOci(form.layers?.method);
  if (form.format === 'docker' && what !== undefined) {
    throw new VarveError('USAGE', `oci-mediatypes=false: images of Docker's types cannot have ${what}`, {
      hint: "leave it out, so that the image has OCI's types",
      exitCode: 2,
    });
  }
  return form;
}

function onlyOci(method: LayerForm['method'] | undefined): string | undefined {
  return method === 'zstd' || method === 'estargz' ? `${method} layers` : undefined;
}

/** Whether layers may leave in other bytes than steps made them in. */
export function changesLayers({ layers, forceCompression, rewriteTimestamp }: ImageForm): boolean {
  return (forceCompression || rewriteTimestamp || layers?.method === 'estargz') ?? false;
}
