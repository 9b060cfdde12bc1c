import { VarveError } from '../../errors.ts';
import type { Digest } from '../../oci/digest.ts';
import { layerCompression } from '../../oci/media-types.ts';
import type { Services } from '../services.ts';
import { checkAnnotations, imageAnnotations, indexAnnotations } from './annotations.ts';
import { type BuildResult, keepIndex, makeIndex, type PlatformImage } from './build-result.ts';
import { convertLayer, type LayerChange } from './convert-layer.ts';
import { keepImage, makeImage } from './image.ts';
import type { ImageForm, LayerForm } from './image-form.ts';
import { diffIds, type LayerRef } from './layer-ref.ts';

const NS_PER_SECOND = 1_000_000_000n;

/**
 * What was built in the form that an output wants; it is the same when that is how it was built. Layers of base images
 * stay as they are, unless `forceCompression`; their times stay in any case.
 * @throws VarveError `USAGE` for a form that this build cannot have; as {@link convertLayer}
 */
export async function convertResult(result: BuildResult, form: ImageForm, services: Services): Promise<BuildResult> {
  const { images, index, epoch } = result;
  const annotations = form.annotations ?? [];
  const platforms = images.map(({ platform }) => platform);
  checkAnnotations(annotations, platforms, index !== undefined);
  if (form.rewriteTimestamp && epoch === undefined) {
    throw new VarveError('USAGE', 'rewrite-timestamp needs SOURCE_DATE_EPOCH, the newest time that a file may have', {
      hint: 'set it in the environment or with --build-arg SOURCE_DATE_EPOCH=SECONDS',
      exitCode: 2,
    });
  }
  const newest = form.rewriteTimestamp ? BigInt(epoch!) * NS_PER_SECOND : undefined;
  const converted = await Promise.all(images.map((image) => convertOne(image, { form, newest }, services)));
  const added = indexAnnotations(annotations);
  const isSame = converted.every(({ image }, i) => image === images[i]!.image);
  const isIndexSame = Object.keys(added.index).length + Object.keys(added.descriptor).length === 0;
  if (isSame && isIndexSame) return result;
  const before = result.annotations ?? { index: {}, descriptor: {} };
  const changed: BuildResult = index
    ? makeIndex(converted, {
        index: { ...before.index, ...added.index },
        descriptor: { ...before.descriptor, ...added.descriptor },
      })
    : { images: converted };
  await keepIndex(services.store, changed);
  return epoch === undefined ? changed : { ...changed, epoch };
}

async function convertOne(
  { image, ...built }: PlatformImage,
  { form, newest }: { readonly form: ImageForm; readonly newest: bigint | undefined },
  services: Services,
): Promise<PlatformImage> {
  const { platform } = built;
  const added = imageAnnotations(form.annotations ?? [], platform);
  const memo = new Map<Digest, Promise<LayerRef>>();
  const layers = await Promise.all(
    image.layers.map((layer) => {
      const change = changeOf(layer, form, newest, services);
      if (!change) return layer;
      // An image may have one layer twice.
      const made = memo.get(layer.descriptor.digest) ?? convertLayer(layer, change, services);
      memo.set(layer.descriptor.digest, made);
      return made;
    }),
  );
  const isAnnotated = Object.keys(added.manifest).length + Object.keys(added.descriptor).length > 0;
  const format = form.format ?? image.format;
  const isSame = layers.every((layer, i) => layer === image.layers[i]);
  if (isSame && !isAnnotated && format === image.format) return { ...built, image };
  const { value } = image.config;
  const config = { ...value, rootfs: { ...value.rootfs, diff_ids: diffIds(layers) } };
  const made = makeImage(config, layers, platform, {
    annotations: {
      manifest: { ...image.annotations.manifest, ...added.manifest },
      descriptor: { ...image.annotations.descriptor, ...added.descriptor },
    },
    format,
  });
  if (form.format === 'docker' && made.format !== 'docker') throw notDocker();
  await keepImage(services.store, made);
  return { ...built, image: made };
}

function notDocker(): VarveError {
  return new VarveError('USAGE', "Docker's media types cannot say what this image has: annotations or zstd layers", {
    hint: 'leave oci-mediatypes=false or --image-format docker out, or add force-compression=true',
    exitCode: 2,
  });
}

/** What becomes of a layer; undefined when it stays. One that was made here is known by its time. */
function changeOf(
  layer: LayerRef,
  form: ImageForm,
  newest: bigint | undefined,
  { compression }: Services,
): LayerChange | undefined {
  const isOwn = layer.created !== undefined;
  const found = layerCompression(layer.descriptor.mediaType);
  const own: LayerForm = { method: compression.compression, level: compression.level };
  const wanted = form.layers ?? own;
  const isOther = isOwn
    ? wanted.method !== own.method || wanted.level !== own.level
    : form.forceCompression === true && (wanted.method === 'estargz' || wanted.method !== found);
  const rewritten = isOwn ? newest : undefined;
  if (!isOther && rewritten === undefined) return undefined;
  return { form: wanted, ...(rewritten === undefined ? {} : { newest: rewritten }) };
}
