import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { tryFileLock } from '../../cas/file-lock.ts';
import { loadKernelCalls } from '../../cas/kernel-calls.ts';
import type { Store } from '../../cas/store.ts';
import { replaceFile } from '../../io/atomic-file.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { Digest } from '../../oci/digest.ts';
import { parseImageConfig } from '../../oci/image-config.ts';
import { type Manifest, parseManifestDocument } from '../../oci/manifest.ts';
import { formatPlatform, type Platform } from '../../oci/platform.ts';
import { formatReference, type Reference } from '../../oci/reference.ts';
import { chooseFromIndex } from '../../registry/choose-image.ts';
import { contentBlobs } from '../../registry/content-blobs.ts';
import { type ImageContent, type IndexContent, topDocument } from '../../registry/image-content.ts';
import { encodeIndex, type LayoutIndex, REF_NAME, withImage } from '../../registry/oci-layout.ts';
import { acceptsPlatform } from '../../registry/select-platform.ts';
import { type BaseImage, baseImage } from './base-image.ts';
import { type BuildResult, topOf } from './build-result.ts';
import type { LayerFiles } from './layer-files.ts';
import { NAMES_FILE, NO_NAMES, readNames } from './read-names.ts';

/** Images that the store itself keeps under a name: imported ones, and those built with --tag and sent nowhere. */
export interface LocalImages {
  /** The image for a platform; `other` names the platforms that the store has instead. */
  find(reference: Reference, platform: Platform): Promise<LocalImage>;
}

export interface LocalImage {
  readonly image?: BaseImage;
  readonly other: readonly string[];
}

export function createLocalImages(store: Store): LocalImages {
  const read = async ({ digest, mediaType }: Pick<Descriptor, 'digest' | 'mediaType'>) =>
    parseManifestDocument(await store.blobs.read(digest), mediaType);

  const imageOf = async (name: string, descriptor: Descriptor, manifest: Manifest): Promise<BaseImage> => {
    const config = parseImageConfig(await store.blobs.read(manifest.config.digest));
    // Asking holds them: a build may come to need them only later.
    for (const { digest } of manifest.layers) await store.blobs.has(digest);
    return baseImage(name, { manifest, manifestDescriptor: descriptor, config });
  };

  return {
    async find(reference, platform) {
      const name = formatReference(reference);
      const index = await readNames(store.path);
      const kept = index.manifests.find(({ annotations }) => annotations?.[REF_NAME] === name);
      if (!kept || !(await store.blobs.has(kept.digest))) return { other: [] };
      const document = await read(kept);
      if (document.kind === 'manifest') {
        const image = await imageOf(name, kept, document.manifest);
        if (acceptsPlatform(image.config, platform)) return { image, other: [] };
        return { other: [formatPlatform(image.config)] };
      }
      const { chosen, offered } = await chooseFromIndex(document.index, platform, {
        manifest: async (each) => ((await store.blobs.has(each.digest)) ? read(each) : undefined),
        platform: async ({ config }) => parseImageConfig(await store.blobs.read(config.digest)),
      });
      if (!chosen) return { other: [...offered] };
      return { image: await imageOf(name, chosen.descriptor, chosen.manifest), other: [] };
    },
  };
}

/** How often the index's lock is asked for again, in ms. */
const LOCK_POLL_MS = 10;

/** Keeps an image in the store under a name, so that FROM finds it there; what is missing of its layers is pulled. */
export async function keepLocalImage(
  { store, files }: { readonly store: Store; readonly files: Pick<LayerFiles, 'pull'> },
  tag: Reference,
  result: BuildResult,
): Promise<void> {
  await Promise.all(result.images.flatMap(({ image }) => image.layers.map((layer) => files.pull(layer))));
  return nameLocalImage(store, topOf(result).descriptor, tag);
}

/** Keeps an image from elsewhere, every blob of it checked, so that FROM finds it under the name. */
export async function keepContent(store: Store, content: ImageContent | IndexContent, tag: Reference): Promise<void> {
  for (const { descriptor, open } of contentBlobs(content))
    if (!(await store.blobs.has(descriptor.digest))) await store.blobs.put(open(), descriptor);
  return nameLocalImage(store, topDocument(content).descriptor, tag);
}

function nameLocalImage(store: Store, descriptor: Descriptor, tag: Reference): Promise<void> {
  return changeIndex(store, (index) => withImage(index, descriptor, [formatReference(tag)]));
}

/** Forgets all names of an image or index. */
export function dropLocalImage(store: Store, manifest: Digest): Promise<void> {
  return changeIndex(store, (index) => ({
    ...index,
    manifests: index.manifests.filter(({ digest }) => digest !== manifest),
  }));
}

/** Whatever their order: a name that is given again to the image that has it changes nothing. */
function hasSameEntries(one: LayoutIndex, other: LayoutIndex): boolean {
  const [before, after] = [one, other].map(({ manifests }) => manifests.map((entry) => JSON.stringify(entry)).sort());
  return isDeepStrictEqual(before, after);
}

/** Forgets all images' names: for a file of them that cannot be read. */
export function forgetNames(store: Store): Promise<void> {
  return lockedNames(store, () => writeNames(store, NO_NAMES));
}

function changeIndex(store: Store, change: (index: LayoutIndex) => LayoutIndex): Promise<void> {
  return lockedNames(store, async () => {
    const index = await readNames(store.path);
    const changed = change(index);
    if (!hasSameEntries(index, changed)) await writeNames(store, changed);
  });
}

async function writeNames(store: Store, index: LayoutIndex): Promise<void> {
  const temp = await store.makeTemp('index');
  try {
    await replaceFile(join(store.path, NAMES_FILE), encodeIndex(index), join(temp.path, NAMES_FILE));
  } finally {
    await temp.remove();
  }
}

async function lockedNames(store: Store, work: () => Promise<void>): Promise<void> {
  const path = join(store.path, NAMES_FILE);
  const kernel = loadKernelCalls();
  let lock = tryFileLock(`${path}.lock`, kernel);
  while (!lock) {
    await sleep(LOCK_POLL_MS);
    lock = tryFileLock(`${path}.lock`, kernel);
  }
  try {
    await work();
  } finally {
    lock.release();
  }
}
