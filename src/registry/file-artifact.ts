import { Readable } from 'node:stream';
import { VarveError } from '../errors.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { type Digest, digestHex, digestOf } from '../oci/digest.ts';
import { parseManifestDocument } from '../oci/manifest.ts';
import { OCI_MANIFEST } from '../oci/media-types.ts';
import { formatReference, type Reference } from '../oci/reference.ts';
import type { RegistryClient } from './registry-client.ts';

/** A context: its one layer is a tar of the files. */
export const CONTEXT_TYPE = 'application/vnd.varve.context.v1';
/** A Dockerfile: its one layer is the file. */
export const DOCKERFILE_TYPE = 'application/vnd.varve.dockerfile.v1';

/** What a file of an artifact is called. @see https://github.com/opencontainers/image-spec/blob/v1.1.1/annotations.md */
const TITLE = 'org.opencontainers.image.title';
/** @see https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md#guidance-for-an-empty-descriptor */
const EMPTY = Buffer.from('{}');
const EMPTY_CONFIG = { mediaType: 'application/vnd.oci.empty.v1+json', digest: digestOf(EMPTY), size: EMPTY.length };

/** The one file of an artifact, and what it is called. */
export interface ArtifactFile {
  readonly descriptor: Descriptor;
  readonly title: string | undefined;
}

/** The tag of a context whose files come to this tree. */
export function contextTag(content: Digest): string {
  return `context-${digestHex(content)}`;
}

/** What the files of an artifact come to, where its tag says so. @see contextTag */
export function promisedContent({ tag = '' }: Reference): Digest | undefined {
  const hex = /^context-([0-9a-f]{64})$/.exec(tag)?.[1];
  return hex === undefined ? undefined : (`sha256:${hex}` as Digest);
}

/** Pushes an artifact of one file, under the reference's tag. */
export async function pushArtifact(
  client: RegistryClient,
  reference: Reference,
  artifact: { readonly type: string; readonly file: Descriptor; readonly title?: string; open(): Readable },
  signal: AbortSignal,
): Promise<void> {
  const { type, file, title, open } = artifact;
  const config = (): Readable => Readable.from([Buffer.from(EMPTY)], { objectMode: false });
  await client.pushBlob(reference, file, open, signal);
  await client.pushBlob(reference, EMPTY_CONFIG, config, signal);
  const manifest = {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    artifactType: type,
    config: EMPTY_CONFIG,
    layers: [{ ...file, ...(title === undefined ? {} : { annotations: { [TITLE]: title } }) }],
  };
  await client.pushManifest(reference, Buffer.from(JSON.stringify(manifest)), OCI_MANIFEST, signal);
}

/**
 * The file of an artifact that has one.
 * @throws VarveError `ARTIFACT_INVALID` for what has none or several, and `REGISTRY_*`
 */
export async function findArtifactFile(
  client: RegistryClient,
  reference: Reference,
  signal: AbortSignal,
): Promise<ArtifactFile> {
  const { bytes, descriptor } = await client.manifest(reference, signal);
  const document = parseManifestDocument(bytes, descriptor.mediaType);
  const layers = document.kind === 'manifest' ? document.manifest.layers : [];
  if (layers.length !== 1)
    throw new VarveError(
      'ARTIFACT_INVALID',
      `oci-artifact://${formatReference(reference)} is no artifact of one file: ${document.kind === 'index' ? 'it is an index' : `it has ${layers.length} layers`}`,
      { hint: 'an artifact that is a context has one layer, a tar' },
    );
  const [file] = layers;
  return { descriptor: file!, title: file!.annotations?.[TITLE] };
}
