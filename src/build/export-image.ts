import { resolve } from 'node:path';
import { Readable, type Writable } from 'node:stream';
import { fromText } from '../io/byte-path.ts';
import type { Digest } from '../oci/digest.ts';
import { formatReference, parseReference, type Reference } from '../oci/reference.ts';
import type { ImageContent } from '../registry/image-content.ts';
import { pushImage } from '../registry/push-image.ts';
import type { RepositoryName } from '../registry/registry-client.ts';
import { writeDockerArchive } from '../registry/write-docker-archive.ts';
import { writeOciArchive } from '../registry/write-oci-archive.ts';
import { writeOciLayout } from '../registry/write-oci-layout.ts';
import { exportDirectory, exportTar } from './export-tree.ts';
import type { Image } from './image.ts';
import type { Output } from './output.ts';
import type { Services } from './services.ts';

export interface ExportTarget {
  readonly outputs: readonly Output[];
  readonly tags: readonly Reference[];
  /** For `dest=-`. */
  readonly stdout: Writable;
  readonly isRoot: boolean;
}

/** Sends a finished image to all outputs, one after the other. */
export async function exportImage(image: Image, target: ExportTarget, services: Services): Promise<void> {
  for (const output of target.outputs) await exportTo(output, image, target, services);
}

async function exportTo(
  output: Output,
  image: Image,
  { tags, stdout, isRoot }: ExportTarget,
  services: Services,
): Promise<void> {
  const names = tags.map(formatReference);
  switch (output.type) {
    case 'registry': {
      const destinations = output.names.length ? output.names.map(parseReference) : tags;
      return push(image, destinations, services);
    }
    case 'oci': {
      const content = await wholeContent(image, services);
      if (!output.archive) return writeOciLayout(fromText(resolve(output.dest)), content, names);
      return writeOciArchive(fileOrStream(output.dest, stdout), content, names);
    }
    case 'docker':
      return writeDockerArchive(fileOrStream(output.dest, stdout), await wholeContent(image, services), tags);
    case 'tar':
      return exportTar(image, output.dest === '-' ? stdout : output.dest, services);
    case 'local':
      return exportDirectory(image, resolve(output.dest), services, isRoot);
  }
}

function fileOrStream(dest: string, stdout: Writable): string | Writable {
  return dest === '-' ? stdout : fromText(resolve(dest));
}

/** For outputs that must hold every layer: those that the store has not are pulled. */
async function wholeContent(image: Image, services: Services): Promise<ImageContent> {
  await Promise.all(image.layers.map((layer) => services.files.pull(layer)));
  return content(image, services);
}

/** A layer that the destination has, or can mount from its neighbour, never comes here; another one is pulled when it is sent. */
async function push(image: Image, destinations: readonly Reference[], services: Services): Promise<void> {
  const { registry, signal, progress, clock } = services;
  const origins = new Map<Digest, RepositoryName>();
  for (const { descriptor, origin } of image.layers) if (origin) origins.set(descriptor.digest, origin);
  await pushImage(registry, content(image, services), destinations, { from: (digest) => origins.get(digest), signal });
  for (const destination of destinations) {
    const text = `pushed ${formatReference(destination)}@${image.manifest.descriptor.digest}`;
    progress({ type: 'message', level: 'info', text, time: clock.now() });
  }
}

function content(image: Image, { store, files }: Services): ImageContent {
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
