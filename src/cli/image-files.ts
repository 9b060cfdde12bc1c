import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { topOf } from '../build/images/build-result.ts';
import type { Exported } from '../build/output/export-image.ts';
import { VarveError } from '../errors.ts';
import type { FetchText } from '../io/fetch-text.ts';
import { redactUrl } from '../io/redact.ts';
import { formatReference } from '../oci/reference.ts';
import { buildMetadata, imageId } from './build-metadata.ts';
import type { OutputFlags } from './output-flags.ts';

/** A digest is 71 bytes. */
const PUT_TIMEOUT_MS = 60_000;

/** Writes the files that say what came out, with the names and contents that buildx and kaniko give them. */
export async function writeImageFiles(
  { result, names }: Exported,
  flags: OutputFlags,
  fetch: FetchText,
): Promise<void> {
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
  for (const [path, content] of files) if (path !== undefined) await writeText(path, content, fetch);
}

/** A file, with its directories, or what an https:// address takes by PUT: kaniko's digest files go to both. */
async function writeText(path: string, content: string, fetch: FetchText): Promise<void> {
  if (!path.startsWith('https://')) {
    try {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, content);
    } catch (cause) {
      throw new VarveError('OUTPUT_FILE', `${path} cannot be written: ${(cause as Error).message}`, { cause });
    }
    return;
  }
  const headers = { 'content-type': 'text/plain' };
  const put = fetch(path, { method: 'PUT', headers, body: content, timeoutMs: PUT_TIMEOUT_MS });
  const { status } = await put.catch((cause: Error) => {
    throw new VarveError('OUTPUT_FILE', `${redactUrl(path)} cannot be written: ${cause.message}`, { cause });
  });
  if (status < 200 || status > 299)
    throw new VarveError('OUTPUT_FILE', `${redactUrl(path)} answered ${status} to what was written there`);
}
