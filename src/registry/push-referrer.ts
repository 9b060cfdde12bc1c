import { VarveError } from '../errors.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { type Digest, digestHex } from '../oci/digest.ts';
import { type ImageIndex, type Manifest, parseManifestDocument } from '../oci/manifest.ts';
import { OCI_INDEX } from '../oci/media-types.ts';
import { fetchManifest } from './fetch-manifest.ts';
import type { Document } from './image-content.ts';
import { putManifest } from './push-manifest.ts';
import type { RepositoryName } from './registry-client.ts';
import { refusalOf } from './registry-error.ts';
import type { Transport } from './transport.ts';

const NOT_FOUND = 404;

/**
 * Pushes a manifest that has a subject. A registry that does not say that it keeps track of referrers gets them listed
 * under the subject's tag; two clients that do so at once may lose one another's line, which the spec knows.
 * @throws VarveError `REGISTRY_*`; `MANIFEST_INVALID` when that tag holds something else
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-manifests-with-subject
 */
export async function pushReferrer(
  transport: Transport,
  repository: RepositoryName,
  { bytes, descriptor }: Document,
  signal?: AbortSignal,
): Promise<void> {
  const { digest, mediaType } = descriptor;
  const { subject, ...manifest } = parseReferrer(bytes, mediaType);
  const { registry, repository: path } = repository;
  const response = await putManifest(transport, { registry, repository: path, digest }, bytes, mediaType, signal);
  if (response['oci-subject'] !== undefined) return;
  const listed: Descriptor = {
    mediaType,
    digest,
    size: bytes.length,
    ...(manifest.artifactType === undefined ? {} : { artifactType: manifest.artifactType }),
    ...(manifest.annotations ? { annotations: manifest.annotations } : {}),
  };
  const tag = { registry, repository: path, tag: referrersTag(subject.digest) };
  const known = await listedReferrers(transport, tag, signal);
  if (known.some((each) => each.digest === digest)) return;
  const index: ImageIndex = { schemaVersion: 2, mediaType: OCI_INDEX, manifests: [...known, listed] };
  await putManifest(transport, tag, Buffer.from(JSON.stringify(index)), OCI_INDEX, signal);
}

/** @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#referrers-tag-schema */
export function referrersTag(subject: Digest): string {
  return `sha256-${digestHex(subject)}`;
}

function parseReferrer(bytes: Buffer, mediaType: string): Manifest & { readonly subject: Descriptor } {
  const document = parseManifestDocument(bytes, mediaType);
  if (document.kind === 'manifest' && document.manifest.subject)
    return { ...document.manifest, subject: document.manifest.subject };
  throw new VarveError('MANIFEST_INVALID', 'a manifest without a subject refers to nothing');
}

/** What is listed under a subject's tag; nothing when there is no such tag. @throws VarveError `MANIFEST_INVALID` for an image there */
export async function listedReferrers(
  transport: Transport,
  tag: RepositoryName & { readonly tag: string },
  signal?: AbortSignal,
): Promise<readonly Descriptor[]> {
  try {
    const { bytes, descriptor } = await fetchManifest(transport, tag, signal);
    const document = parseManifestDocument(bytes, descriptor.mediaType);
    if (document.kind === 'index') return document.index.manifests;
    throw new VarveError('MANIFEST_INVALID', `the tag ${tag.tag} is for referrers, and holds an image`);
  } catch (error) {
    if (refusalOf(error)?.status === NOT_FOUND) return [];
    throw error;
  }
}
