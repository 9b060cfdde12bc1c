import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { tryFileLock } from '../cas/file-lock.ts';
import { loadKernelCalls } from '../cas/kernel-calls.ts';
import type { Store } from '../cas/store.ts';
import { replaceFile } from '../io/atomic-file.ts';
import type { Digest } from '../oci/digest.ts';
import { parseImageConfig } from '../oci/image-config.ts';
import { parseManifestDocument } from '../oci/manifest.ts';
import { normalizePlatform, type Platform, samePlatform } from '../oci/platform.ts';
import { formatReference, type Reference } from '../oci/reference.ts';
import { encodeIndex, type LayoutIndex, layoutIndexSchema, REF_NAME, withImage } from '../registry/oci-layout.ts';
import { type BaseImage, baseImage } from './base-image.ts';
import type { Image } from './image.ts';

/** Images that the store itself keeps under a name: imported ones, and those built with --tag and sent nowhere. */
export interface LocalImages {
  find(reference: Reference, platform: Platform): Promise<BaseImage | undefined>;
}

export function createLocalImages(store: Store): LocalImages {
  return {
    async find(reference, platform) {
      const name = formatReference(reference);
      const index = layoutIndexSchema.parse(JSON.parse(await readFile(join(store.path, 'index.json'), 'utf8')));
      for (const descriptor of index.manifests) {
        if (descriptor.annotations?.[REF_NAME] !== name || !(await store.blobs.has(descriptor.digest))) continue;
        const document = parseManifestDocument(await store.blobs.read(descriptor.digest), descriptor.mediaType);
        if (document.kind !== 'manifest') continue;
        const config = parseImageConfig(await store.blobs.read(document.manifest.config.digest));
        const own = normalizePlatform(config);
        if (!samePlatform(own, platform)) continue;
        // Asking holds them: a build may come to need them only later.
        for (const { digest } of document.manifest.layers) await store.blobs.has(digest);
        return baseImage(name, { manifest: document.manifest, manifestDescriptor: descriptor, config });
      }
      return undefined;
    },
  };
}

/** How often the index's lock is asked for again, in ms. */
const LOCK_POLL_MS = 10;

/** Keeps an image in the store under a name, so that FROM finds it there. The caller has its layers in the store. */
export function keepLocalImage(store: Store, tag: Reference, image: Image): Promise<void> {
  return changeIndex(store, (index) => withImage(index, image.manifest.descriptor, [formatReference(tag)]));
}

/** Forgets all names of an image. */
export function dropLocalImage(store: Store, manifest: Digest): Promise<void> {
  return changeIndex(store, (index) => ({
    ...index,
    manifests: index.manifests.filter(({ digest }) => digest !== manifest),
  }));
}

async function changeIndex(store: Store, change: (index: LayoutIndex) => LayoutIndex): Promise<void> {
  const path = join(store.path, 'index.json');
  const temp = await store.makeTemp('index');
  const kernel = loadKernelCalls();
  let lock = tryFileLock(`${path}.lock`, kernel);
  while (!lock) {
    await sleep(LOCK_POLL_MS);
    lock = tryFileLock(`${path}.lock`, kernel);
  }
  try {
    const index = change(layoutIndexSchema.parse(JSON.parse(await readFile(path, 'utf8'))));
    await replaceFile(path, encodeIndex(index), join(temp.path, 'index.json'));
  } finally {
    lock.release();
    await temp.remove();
  }
}
