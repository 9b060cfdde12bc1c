import type { Platform } from '../oci/platform.ts';
import { topDocument } from '../registry/image-content.ts';
import type { ImageName } from '../registry/image-name.ts';
import type { ImageSource } from '../registry/image-source.ts';
import type { ImageServices } from './image-services.ts';
import { formatBytes } from './sizes.ts';

export interface SendOptions {
  /** Undefined: all. */
  readonly platform: Platform | undefined;
  readonly quiet: boolean;
  /** Whether what refers to the image goes too. */
  readonly referrers: boolean;
}

/** Sends an image, or all platforms of it, to places; prints its digest, and on stderr what became of each blob. */
export async function sendImage(
  source: ImageSource,
  names: readonly ImageName[],
  { platform, quiet, referrers }: SendOptions,
  { services }: ImageServices,
): Promise<string> {
  const [{ readContent, withReferrers }, { writeImage }, { keepContent }] = await Promise.all([
    import('../registry/image-source.ts'),
    import('../registry/copy-image.ts'),
    import('../build/images/local-images.ts'),
  ]);
  const image = await readContent(source, platform);
  const content = referrers ? await withReferrers(source, image) : image;
  await writeImage(() => source.origin, content, names, {
    registry: services.registry,
    signal: services.signal,
    keep: (kept, name) => keepContent(services.store, kept, name),
    onProgress({ repository, descriptor, result }) {
      if (quiet) return;
      const where = `${repository.registry}/${repository.repository}`;
      process.stderr.write(`${result} ${descriptor.digest} (${formatBytes(descriptor.size)}) ${where}\n`);
    },
  });
  return topDocument(content).descriptor.digest;
}
