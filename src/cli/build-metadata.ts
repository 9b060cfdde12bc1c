import type { Image } from '../build/image.ts';

/** What --metadata-file holds, under the names that buildx uses. */
export function buildMetadata({ manifest, config }: Image, names: readonly string[]): string {
  const metadata = {
    'containerimage.config.digest': config.descriptor.digest,
    'containerimage.descriptor': manifest.descriptor,
    'containerimage.digest': manifest.descriptor.digest,
    ...(names.length ? { 'image.name': names.join(',') } : {}),
  };
  return `${JSON.stringify(metadata, null, 2)}\n`;
}
