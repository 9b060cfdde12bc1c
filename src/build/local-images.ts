import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Store } from '../cas/store.ts';
import { parseImageConfig } from '../oci/image-config.ts';
import { parseManifestDocument } from '../oci/manifest.ts';
import { normalizePlatform, type Platform, samePlatform } from '../oci/platform.ts';
import { formatReference, type Reference } from '../oci/reference.ts';
import { layoutIndexSchema, REF_NAME } from '../registry/oci-layout.ts';
import type { BaseImage } from './base-image.ts';
import { baseImage } from './images.ts';

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
        return baseImage(name, { manifest: document.manifest, manifestDescriptor: descriptor, config });
      }
      return undefined;
    },
  };
}

