import { join, resolve } from 'node:path';
import { Readable, type Writable } from 'node:stream';
import { VarveError } from '../errors.ts';
import { fromText } from '../io/byte-path.ts';
import type { Digest } from '../oci/digest.ts';
import { formatPlatform } from '../oci/platform.ts';
import { formatReference, parseReference, type Reference } from '../oci/reference.ts';
import type { ImageContent, IndexContent } from '../registry/image-content.ts';
import { pushImage } from '../registry/push-image.ts';
import type { RepositoryName } from '../registry/registry-client.ts';
import { writeDockerArchive } from '../registry/write-docker-archive.ts';
import { writeOciArchive } from '../registry/write-oci-archive.ts';
import { writeOciLayout } from '../registry/write-oci-layout.ts';
import { type BuildResult, topOf } from './build-result.ts';
import { exportDirectory, exportTar, type ImageRoot, type TreeOptions } from './export-tree.ts';
import type { Image } from './image.ts';
import type { Output } from './output.ts';
import type { Services } from './services.ts';

const NS_PER_SECOND = 1_000_000_000n;

export interface ExportTarget {
  readonly outputs: readonly Output[];
  readonly tags: readonly Reference[];
  /** For `dest=-`. */
  readonly stdout: Writable;
  readonly isRoot: boolean;
}

/**
 * Sends what was built to all outputs, one after the other.
 * @throws VarveError `UNSUPPORTED` for an output that cannot hold several platforms, before anything is written
 */
export async function exportImage(result: BuildResult, target: ExportTarget, services: Services): Promise<void> {
  if (result.index) target.outputs.forEach(refuseIndex);
  for (const output of target.outputs) await exportTo(output, result, target, services);
}

function refuseIndex({ type }: Output): void {
  if (type !== 'docker') return;
  throw new VarveError('UNSUPPORTED', '--output type=docker: the docker exporter cannot hold several platforms', {
    hint: 'use type=oci, which docker load reads too where the containerd image store is on, or build one platform',
    exitCode: 2,
  });
}

async function exportTo(
  output: Output,
  result: BuildResult,
  { tags, stdout, isRoot }: ExportTarget,
  services: Services,
): Promise<void> {
  const names = tags.map(formatReference);
  switch (output.type) {
    case 'registry': {
      const destinations = output.names.length ? output.names.map(parseReference) : tags;
      return push(result, destinations, services);
    }
    case 'oci': {
      const content = await wholeContent(result, services);
      if (!output.archive) return writeOciLayout(fromText(resolve(output.dest)), content, names);
      return writeOciArchive(fileOrStream(output.dest, stdout), content, names);
    }
    case 'docker':
      return writeDockerArchive(
        fileOrStream(output.dest, stdout),
        await wholeImage(result.images[0]!.image, services),
        tags,
      );
    case 'tar':
      return exportTar(rootsOf(result), output.dest === '-' ? stdout : output.dest, services, timesOf(result));
    case 'local':
      for (const { image, directory } of rootsOf(result))
        await exportDirectory(image, join(resolve(output.dest), directory), services, { isRoot, ...timesOf(result) });
  }
}

function fileOrStream(dest: string, stdout: Writable): string | Writable {
  return dest === '-' ? stdout : fromText(resolve(dest));
}

/** With SOURCE_DATE_EPOCH every exported file has its time, as in BuildKit's tar and local exporters. */
function timesOf({ epoch }: BuildResult): TreeOptions {
  return epoch === undefined ? {} : { mtime: BigInt(epoch) * NS_PER_SECOND };
}

/** Several platforms' files lie in directories of their own, named as BuildKit names them: `linux_arm_v7`. */
function rootsOf({ images, index }: BuildResult): ImageRoot[] {
  return images.map(({ image, platform }) => ({
    image,
    directory: index ? formatPlatform(platform).replaceAll('/', '_') : '',
  }));
}

/** For outputs that must hold every layer: those that the store has not are pulled. */
async function wholeContent(result: BuildResult, services: Services): Promise<ImageContent | IndexContent> {
  await Promise.all(result.images.map(({ image }) => wholeImage(image, services)));
  return content(result, services);
}

async function wholeImage(image: Image, services: Services): Promise<ImageContent> {
  await Promise.all(image.layers.map((layer) => services.files.pull(layer)));
  return imageContent(image, services);
}

/** A layer that the destination has, or can mount from its neighbour, never comes here; another one is pulled when it is sent. */
async function push(result: BuildResult, destinations: readonly Reference[], services: Services): Promise<void> {
  const { registry, signal, progress, clock } = services;
  const origins = new Map<Digest, RepositoryName>();
  for (const { descriptor, origin } of result.images.flatMap(({ image }) => image.layers)) {
    // A layer on its way to the cache is not sent twice: it is mounted from there when it has arrived.
    const known = origin ?? (await services.remote?.uploads?.uploaded(descriptor.digest));
    if (known) origins.set(descriptor.digest, known);
  }
  await pushImage(registry, content(result, services), destinations, { from: (digest) => origins.get(digest), signal });
  for (const destination of destinations) {
    const text = `pushed ${formatReference(destination)}@${topOf(result).descriptor.digest}`;
    progress({ type: 'message', level: 'info', text, time: clock.now() });
  }
}

function content({ images, index }: BuildResult, services: Services): ImageContent | IndexContent {
  const contents = images.map(({ image }) => imageContent(image, services));
  return index ? { index, images: contents } : contents[0]!;
}

function imageContent(image: Image, { store, files }: Services): ImageContent {
  const layers = new Map(image.layers.map((layer) => [layer.descriptor.digest, layer]));
  async function* pulled(digest: Digest): AsyncGenerator<Buffer> {
    const layer = layers.get(digest);
    if (layer) await files.pull(layer);
    yield* store.blobs.open(digest);
  }
  return {
    manifest: image.manifest,
    config: image.config,
    layers: image.layers.map(({ descriptor }) => descriptor),
    open: (digest) => Readable.from(pulled(digest), { objectMode: false }),
    blobPath: (digest) => fromText(store.blobs.path(digest)),
  };
}
