import { type BuildResult, topOf } from '../build/images/build-result.ts';
import type { Digest } from '../oci/digest.ts';

/** What --metadata-file holds, under the names that buildx uses; an index has no config. */
export function buildMetadata(result: BuildResult, names: readonly string[]): string {
  const { descriptor } = topOf(result);
  const metadata = {
    ...(result.index ? {} : { 'containerimage.config.digest': imageId(result) }),
    'containerimage.descriptor': descriptor,
    'containerimage.digest': descriptor.digest,
    ...(names.length ? { 'image.name': names.join(',') } : {}),
  };
  return `${JSON.stringify(metadata, null, 2)}\n`;
}

/** What --iidfile holds: the config's digest, which is docker's image id; for an index its own. */
export function imageId({ images, index }: BuildResult): Digest {
  return index?.descriptor.digest ?? images[0]!.image.config.descriptor.digest;
}
