import { writeFile } from 'node:fs/promises';
import { topOf } from '../build/images/build-result.ts';
import type { Exported } from '../build/output/export-image.ts';
import { formatReference } from '../oci/reference.ts';
import { buildMetadata, imageId } from './build-metadata.ts';
import type { OutputFlags } from './output-flags.ts';

/** Writes the files that say what came out, with the names and contents that buildx and kaniko give them. */
export async function writeImageFiles({ result, names }: Exported, flags: OutputFlags): Promise<void> {
  const { digest } = topOf(result).descriptor;
  const lines = (name: (reference: Exported['names'][number]) => string): string =>
    names.map((reference) => `${name(reference)}@${digest}\n`).join('');
  const files: readonly (readonly [path: string | undefined, content: string])[] = [
    [flags.digestFile, digest],
    [flags.iidfile, imageId(result)],
    [flags.metadataFile, buildMetadata(result, names.map(formatReference))],
    [flags.imageNameWithDigestFile, lines(({ registry, repository }) => `${registry}/${repository}`)],
    [flags.imageNameTagWithDigestFile, lines(({ digest: _, ...named }) => formatReference(named))],
  ];
  for (const [path, content] of files) if (path !== undefined) await writeFile(path, content);
}
