import { VarveError } from '../errors.ts';
import { fromText } from '../io/byte-path.ts';
import type { Digest } from '../oci/digest.ts';
import { parseReference, type Reference } from '../oci/reference.ts';
import { type ImageContent, type IndexContent, isIndexContent } from './image-content.ts';
import type { ImageName } from './image-name.ts';
import { type PushProgress, pushImage } from './push-image.ts';
import type { RegistryClient, RepositoryName } from './registry-client.ts';
import { writeDockerArchive } from './write-docker-archive.ts';
import { writeOciArchive } from './write-oci-archive.ts';
import { writeOciLayout } from './write-oci-layout.ts';

export interface CopyDeps {
  readonly registry: Pick<RegistryClient, 'pushBlob' | 'pushManifest' | 'pushReferrer'>;
  /** Keeps an image in the store under a name. */
  keep(content: ImageContent | IndexContent, name: Reference): Promise<void>;
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: PushProgress) => void;
}

/**
 * Sends an image to one place, or to several in registries; blobs are mounted where they can be.
 * @param from the repository that has a blob already
 * @throws VarveError as the place's writer; `UNSUPPORTED` for several platforms in a docker archive
 */
export async function writeImage(
  from: (digest: Digest) => RepositoryName | undefined,
  content: ImageContent | IndexContent,
  names: readonly ImageName[],
  deps: CopyDeps,
): Promise<void> {
  const { registry, signal, onProgress } = deps;
  const references = names.flatMap((name) => (name.kind === 'registry' ? [name.reference] : []));
  for (const name of names) if (name.kind !== 'registry') await writeFile(name, content, deps);
  if (references.length === 0) return;
  await pushImage(registry, content, references, { from, signal, ...(onProgress ? { onProgress } : {}) });
}

async function writeFile(
  name: Exclude<ImageName, { kind: 'registry' }>,
  content: ImageContent | IndexContent,
  deps: CopyDeps,
): Promise<void> {
  if (content.referrers && (name.kind === 'store' || name.kind === 'docker-archive')) {
    const what = name.kind === 'store' ? 'the store' : 'a docker archive';
    throw new VarveError('UNSUPPORTED', `--referrers: ${what} holds no referrers`, { exitCode: 2 });
  }
  if (name.kind === 'store') return deps.keep(content, name.reference);
  if (name.digest !== undefined)
    throw new VarveError('USAGE', `${name.kind}:${name.path}: a place to write to has no digest`, { exitCode: 2 });
  const path = fromText(name.path);
  const tags = name.tag === undefined ? [] : [name.tag];
  if (name.kind === 'oci') return writeOciLayout(path, content, tags);
  if (name.kind === 'oci-archive') return writeOciArchive(path, content, tags);
  if (isIndexContent(content)) {
    throw new VarveError('UNSUPPORTED', `docker-archive:${name.path}: a docker archive holds one platform`, {
      hint: 'say which with --platform, or write oci-archive:',
    });
  }
  return writeDockerArchive(path, content, tags.map(parseReference));
}
