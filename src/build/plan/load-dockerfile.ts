import { readFile } from 'node:fs/promises';
import type { UrlFiles } from '../../context/url-files.ts';
import { VarveError } from '../../errors.ts';
import { readSmallFile } from '../../instructions/read-small-file.ts';
import { fromText } from '../../io/byte-path.ts';
import { formatReference, type Reference } from '../../oci/reference.ts';
import { findArtifactFile } from '../../registry/file-artifact.ts';
import type { Contexts } from '../contexts/contexts.ts';
import type { Services } from '../services.ts';

/** Where the Dockerfile is. */
export type DockerfileSource =
  /** Its bytes, and its path as errors and its ignore file name it. */
  | { readonly kind: 'given'; readonly path: string; readonly bytes: Uint8Array }
  /** In the context; without a path it is `Dockerfile`, or the context itself when that is one. */
  | { readonly kind: 'context'; readonly path?: string }
  | { readonly kind: 'url'; readonly url: string }
  /** The one file of an OCI artifact. */
  | { readonly kind: 'artifact'; readonly reference: Reference };

export interface LoadedDockerfile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

const DEFAULT = 'Dockerfile';
/** The most that one in an artifact may have. */
const LIMIT_BYTES = 16 * 1024 * 1024;

/** @throws VarveError `DOCKERFILE_MISSING`, `ARTIFACT_INVALID`; `USAGE` for a path in a context that is a Dockerfile */
export async function loadDockerfile(
  source: DockerfileSource,
  { contexts, urls }: { readonly contexts: Contexts; readonly urls: UrlFiles },
  services: Pick<Services, 'registry' | 'signal'>,
): Promise<LoadedDockerfile> {
  switch (source.kind) {
    case 'given':
      return source;
    case 'url':
      return { path: DEFAULT, bytes: await readFile((await urls.get(source.url)).path) };
    case 'artifact':
      return fromArtifact(source.reference, services);
    case 'context':
      return fromContext(source.path, contexts);
  }
}

async function fromArtifact(
  reference: Reference,
  { registry, signal }: Pick<Services, 'registry' | 'signal'>,
): Promise<LoadedDockerfile> {
  const { descriptor, title } = await findArtifactFile(registry, reference, signal);
  if (descriptor.size > LIMIT_BYTES)
    throw new VarveError(
      'ARTIFACT_INVALID',
      `oci-artifact://${formatReference(reference)} is too large for a Dockerfile`,
    );
  const chunks: Buffer[] = [];
  for await (const chunk of await registry.blob(reference, descriptor, signal)) chunks.push(Buffer.from(chunk));
  return { path: title ?? DEFAULT, bytes: Buffer.concat(chunks) };
}

async function fromContext(wanted: string | undefined, contexts: Contexts): Promise<LoadedDockerfile> {
  const { source, whole = source, dockerfile } = await contexts.main();
  if (dockerfile !== undefined && wanted !== undefined) {
    throw new VarveError('USAGE', `--file ${wanted}: the build context is a Dockerfile itself`, {
      hint: 'leave --file out, or give an archive as context',
      exitCode: 2,
    });
  }
  const path = dockerfile ?? wanted ?? DEFAULT;
  // Both spellings are found, as with docker.
  const names = path.endsWith(DEFAULT) ? [path, path.slice(0, -DEFAULT.length) + DEFAULT.toLowerCase()] : [path];
  for (const name of names) {
    const bytes = await readSmallFile(whole, fromText(name.replace(/^(\.?\/)+/, '')));
    if (bytes) return { path: dockerfile === undefined ? name : DEFAULT, bytes };
  }
  throw new VarveError('DOCKERFILE_MISSING', `the build context has no ${path}`, {
    hint: 'name it with --file, as a path in the context',
  });
}
