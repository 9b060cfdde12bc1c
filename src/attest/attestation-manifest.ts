import type { Descriptor } from '../oci/descriptor.ts';
import { digestOf } from '../oci/digest.ts';
import { OCI_CONFIG, OCI_MANIFEST } from '../oci/media-types.ts';
import type { Predicate } from './statement.ts';

export const IN_TOTO = 'application/vnd.in-toto+json';
export const ATTESTATION_ARTIFACT = 'application/vnd.docker.attestation.manifest.v1+json';
const EMPTY_CONFIG = 'application/vnd.oci.empty.v1+json';
const PREDICATE_TYPE = 'in-toto.io/predicate-type';

/** Small bytes and their name. */
interface Document {
  readonly bytes: Buffer;
  readonly descriptor: Descriptor;
}

/** A manifest whose layers are statements. */
export interface AttestationManifest {
  /** Its descriptor says of which image it is. */
  readonly manifest: Document;
  readonly config: Document;
  readonly statements: readonly Document[];
}

/**
 * The manifest that holds statements about an image: `index` as BuildKit puts it beside the image into the index, or
 * `referrers`, which refers to the image by its subject.
 * @see https://docs.docker.com/build/metadata/attestations/attestation-storage/
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md#guidelines-for-artifact-usage
 */
export function attestationManifest(
  statements: readonly { readonly predicate: Predicate; readonly value: unknown }[],
  image: Descriptor,
  form: 'index' | 'referrers',
): AttestationManifest {
  const blobs = statements.map(({ predicate, value }) =>
    document(value, IN_TOTO, { annotations: { [PREDICATE_TYPE]: predicate.type } }),
  );
  const layers = blobs.map(({ descriptor }) => descriptor);
  const { mediaType, digest, size } = image;
  const isIndex = form === 'index';
  const config = isIndex
    ? document(
        {
          architecture: 'unknown',
          os: 'unknown',
          config: {},
          rootfs: { type: 'layers', diff_ids: layers.map((layer) => layer.digest) },
        },
        OCI_CONFIG,
      )
    : document({}, EMPTY_CONFIG);
  const value = {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    ...(isIndex ? {} : { artifactType: ATTESTATION_ARTIFACT }),
    config: config.descriptor,
    layers,
    ...(isIndex ? {} : { subject: { mediaType, digest, size } }),
  };
  const manifest = isIndex
    ? document(value, OCI_MANIFEST, {
        annotations: {
          'vnd.docker.reference.digest': digest,
          'vnd.docker.reference.type': 'attestation-manifest',
        },
        platform: { architecture: 'unknown', os: 'unknown' },
      })
    : document(value, OCI_MANIFEST, { artifactType: ATTESTATION_ARTIFACT });
  return { manifest, config, statements: blobs };
}

function document(value: unknown, mediaType: string, more: Partial<Descriptor> = {}): Document {
  const bytes = Buffer.from(JSON.stringify(value));
  return { bytes, descriptor: { mediaType, digest: digestOf(bytes), size: bytes.length, ...more } };
}
