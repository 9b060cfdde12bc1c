import type { Descriptor } from '../oci/descriptor.ts';
import type { Platform } from '../oci/platform.ts';
import { chooseImage, type ImageSource, readManifest } from '../registry/image-source.ts';

/** The image that is asked for; of an index without a question the machine's, and a lone image whatever it is for. */
export async function chosenImage(
  source: ImageSource,
  asked: Platform | undefined,
  machine: Platform,
): Promise<Descriptor> {
  if (asked) return chooseImage(source, asked);
  const top = await readManifest(source, source.top.descriptor);
  return top.kind === 'manifest' ? top.descriptor : chooseImage(source, machine);
}
