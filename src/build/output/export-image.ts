import { join, resolve } from 'node:path';
import { Readable, type Writable } from 'node:stream';
import { VarveError } from '../../errors.ts';
import { fromText } from '../../io/byte-path.ts';
import type { Digest } from '../../oci/digest.ts';
import { formatPlatform } from '../../oci/platform.ts';
import { formatReference, parseReference, type Reference } from '../../oci/reference.ts';
import type { ImageContent, IndexContent } from '../../registry/image-content.ts';
import { pushImage } from '../../registry/push-image.ts';
import type { RepositoryName } from '../../registry/registry-client.ts';
import { writeDockerArchive } from '../../registry/write-docker-archive.ts';
import { writeOciArchive } from '../../registry/write-oci-archive.ts';
import { writeOciLayout } from '../../registry/write-oci-layout.ts';
import type { AttestOptions } from '../attest/attest-options.ts';
import { type AttestNames, attestResult, makePredicates, type Predicates } from '../attest/attest-result.ts';
import { checkAttest } from '../attest/check-attest.ts';
import { statementFiles } from '../attest/statement-files.ts';
import { type BuildResult, topOf } from '../images/build-result.ts';
import { convertResult } from '../images/convert-image.ts';
import type { Image } from '../images/image.ts';
import { type ImageForm, mergedForm } from '../images/image-form.ts';
import { keepLocalImage } from '../images/local-images.ts';
import type { Services } from '../services.ts';
import { exportDirectory, exportTar, type ImageRoot, refuseOverlap, type TreeOptions } from './export-tree.ts';
import type { Output } from './output.ts';
import { pushDestinations } from './push-destinations.ts';

const NS_PER_SECOND = 1_000_000_000n;

export interface ExportTarget {
  readonly outputs: readonly Output[];
  /** The form of images whose output says nothing else. */
  readonly form?: ImageForm;
  readonly tags: readonly Reference[];
  /** Whether a tag that a registry does not let change stays as it is, with a warning. */
  readonly ignoreImmutableTags?: boolean;
  /** What is attested of the image; nothing when absent. */
  readonly attest?: AttestOptions & Pick<AttestNames, 'tool'>;
  /** For `dest=-`. */
  readonly stdout: Writable;
  readonly isRoot: boolean;
}

/** An image that left, under the names that it has now. */
export interface Exported {
  readonly result: BuildResult;
  readonly names: readonly Reference[];
}

/**
 * Sends what was built to all outputs, one after the other.
 * @returns the first image that left, in its form, and all names that were given; what was built when no image left
 * @throws VarveError `UNSUPPORTED` for an output that cannot hold several platforms, before anything is written; `USAGE`
 */
export async function exportImage(result: BuildResult, target: ExportTarget, services: Services): Promise<Exported> {
  if (result.index) target.outputs.forEach(refuseIndex);
  const { attest } = target;
  if (attest) checkAttest(attest, target.outputs, target.form);
  const name = target.tags[0] ? formatReference(target.tags[0]) : 'image';
  const predicates =
    attest && target.outputs.some(({ type }) => type !== 'cacheonly')
      ? await makePredicates(result, attest, { image: name, tool: attest.tool }, services)
      : undefined;
  const names = new Map<string, Reference>();
  let first: BuildResult | undefined;
  for (const output of target.outputs) {
    if (output.type === 'cacheonly') continue;
    if (output.type === 'tar' || output.type === 'local') {
      await exportFiles(output, result, { ...target, predicates }, services);
      continue;
    }
    const form = mergedForm(target.form ?? {}, output.form);
    const converted = await convertResult(result, predicates ? { ...form, format: 'oci' } : form, services);
    const own =
      output.type === 'registry'
        ? pushDestinations(output, target.tags)
        : output.names.length
          ? output.names.map(parseReference)
          : target.tags;
    const left =
      predicates && attest ? await attestResult(converted, predicates, own, attest.form, services) : converted;
    await exportTo(output, left, own, target, services);
    first ??= left;
    for (const name of own) names.set(formatReference(name), name);
  }
  return { result: first ?? result, names: first ? [...names.values()] : target.tags };
}

function refuseIndex({ type }: Output): void {
  if (type !== 'docker') return;
  throw new VarveError('UNSUPPORTED', '--output type=docker: the docker exporter cannot hold several platforms', {
    hint: 'use type=oci, which docker load reads too where the containerd image store is on, or build one platform',
    exitCode: 2,
  });
}

async function exportTo(
  output: Extract<Output, { names: unknown }>,
  result: BuildResult,
  names: readonly Reference[],
  { stdout, ignoreImmutableTags }: ExportTarget,
  services: Services,
): Promise<void> {
  switch (output.type) {
    case 'registry':
      return push(result, names, services, ignoreImmutableTags ?? false);
    case 'store':
      for (const name of names) await keepLocalImage(services, name, result);
      if (output.canonical) for (const name of names) await keepLocalImage(services, byDigest(name, result), result);
      return;
    case 'oci': {
      const content = await wholeContent(result, services);
      const texts = names.map(formatReference);
      if (!output.archive) return writeOciLayout(fromText(resolve(output.dest)), content, texts);
      return writeOciArchive(fileOrStream(output.dest, stdout), content, texts);
    }
    case 'docker': {
      const image = await wholeImage(result.images[0]!.image, services);
      return writeDockerArchive(fileOrStream(output.dest, stdout), image, names);
    }
  }
}

function byDigest({ registry, repository }: Reference, result: BuildResult): Reference {
  return { registry, repository, digest: topOf(result).descriptor.digest };
}

async function exportFiles(
  output: Extract<Output, { type: 'tar' | 'local' }>,
  result: BuildResult,
  { stdout, isRoot, predicates }: ExportTarget & { readonly predicates: Predicates | undefined },
  services: Services,
): Promise<void> {
  const isSplit = output.platformSplit ?? result.index !== undefined;
  const roots = await rootsOf(result, isSplit, predicates, services);
  if (!isSplit && roots.length > 1) await refuseOverlap(roots, services);
  const dest = output.dest === '-' ? stdout : output.dest;
  if (output.type === 'tar') return exportTar(roots, dest, services, timesOf(result));
  for (const root of roots)
    await exportDirectory(root, join(resolve(output.dest), root.directory), services, { isRoot, ...timesOf(result) });
}

function fileOrStream(dest: string, stdout: Writable): string | Writable {
  return dest === '-' ? stdout : fromText(resolve(dest));
}

/** With SOURCE_DATE_EPOCH every exported file has its time, as in BuildKit's tar and local exporters. */
function timesOf({ epoch }: BuildResult): TreeOptions {
  return epoch === undefined ? {} : { mtime: BigInt(epoch) * NS_PER_SECOND };
}

/** Several platforms' files lie in directories of their own, named as BuildKit names them: `linux_arm_v7`. */
function rootsOf(
  { images }: BuildResult,
  isSplit: boolean,
  predicates: Predicates | undefined,
  services: Services,
): Promise<ImageRoot[]> {
  return Promise.all(
    images.map(async ({ image, platform }, i) => {
      const name = formatPlatform(platform).replaceAll('/', '_');
      const suffix = !isSplit && images.length > 1 ? name : '';
      const statements = await statementFiles(image, predicates?.[i] ?? [], suffix, services);
      return { image, platform, directory: isSplit ? name : '', statements };
    }),
  );
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
async function push(
  result: BuildResult,
  destinations: readonly Reference[],
  services: Services,
  ignoreImmutableTags: boolean,
): Promise<void> {
  const { registry, signal, progress, clock } = services;
  const { digest } = topOf(result).descriptor;
  const tell = (what: string, destination: Reference): void => {
    const text = `${what} ${formatReference(destination)}@${digest}`;
    progress({ type: 'message', level: 'info', text, time: clock.now() });
  };
  const isThere = await Promise.all(destinations.map((each) => !result.referrers && hasImage(each, digest, services)));
  for (const [i, destination] of destinations.entries()) if (isThere[i]) tell('unchanged', destination);
  const changed = destinations.filter((_, i) => !isThere[i]);
  if (changed.length === 0) return;
  const origins = new Map<Digest, RepositoryName>();
  for (const { descriptor, origin } of result.images.flatMap(({ image }) => image.layers)) {
    // A layer on its way to the cache is not sent twice: it is mounted from there when it has arrived.
    const known = origin ?? (await services.remote?.uploads?.uploaded(descriptor.digest));
    if (known) origins.set(descriptor.digest, known);
  }
  const onImmutableTag = (reference: Reference): void =>
    services.log.warn(`${formatReference(reference)} may not change, so it stays as it is`);
  await pushImage(registry, content(result, services), changed, {
    from: (blob) => origins.get(blob),
    signal,
    ...(ignoreImmutableTags ? { onImmutableTag } : {}),
  });
  for (const destination of changed) tell('pushed', destination);
}

/**
 * Whether a registry has the very image under the name, and so all that belongs to it. Who may push and not ask, pushes.
 */
async function hasImage(destination: Reference, digest: Digest, { registry, signal }: Services): Promise<boolean> {
  try {
    return (await registry.headManifest(destination, signal))?.digest === digest;
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof VarveError) return false;
    throw error;
  }
}

function content(
  { images, index, attestations = [], referrers }: BuildResult,
  services: Services,
): ImageContent | IndexContent {
  const contents = images.map(({ image }) => imageContent(image, services));
  const top = index ? { index, images: [...contents, ...attestations] } : contents[0]!;
  return referrers ? { ...top, referrers } : top;
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
