import { VarveError } from '../errors.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { type Digest, digestOf, isDigest } from '../oci/digest.ts';
import { MANIFEST_LIMIT_BYTES, parseManifestDocument } from '../oci/manifest.ts';
import { DOCKER_SCHEMA1, INDEX_TYPES, MANIFEST_TYPES } from '../oci/media-types.ts';
import { formatReference, manifestName, type Reference } from '../oci/reference.ts';
import { connectionError, isBrokenConnection } from './connection-error.ts';
import type { FetchedManifest } from './registry-client.ts';
import { refusalOf } from './registry-error.ts';
import { pullScope } from './scope.ts';
import type { RegistryResponse, Transport } from './transport.ts';

/** Schema 1 comes last, so that a registry that has nothing else sends it and it can be refused by name. */
const ACCEPT = [...MANIFEST_TYPES, ...INDEX_TYPES, ...DOCKER_SCHEMA1.map((type) => `${type};q=0.1`)].join(', ');

/** Broken answers are asked for again this often; manifests are small. */
const READ_ATTEMPTS = 3;

/**
 * A manifest or index whose bytes were hashed here: against the reference's digest, or for a tag against the digest
 * that the registry claims.
 * @throws VarveError `REGISTRY_DIGEST_MISMATCH`, `REGISTRY_TOO_LARGE`, `REGISTRY_NOT_FOUND` and other `REGISTRY_*`
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-manifests
 */
export async function fetchManifest(
  transport: Transport,
  reference: Reference,
  signal?: AbortSignal,
): Promise<FetchedManifest> {
  const what = `manifest of ${formatReference(reference)}`;
  for (let attempt = 1; ; attempt++) {
    const response = await request(transport, reference, 'GET', [200], what, signal);
    let bytes: Buffer;
    try {
      bytes = await readManifest(response, what);
    } catch (error) {
      if (attempt < READ_ATTEMPTS && !signal?.aborted && isBrokenConnection(error)) continue;
      throw connectionError(error, what, reference.registry, signal);
    }
    const digest = digestOf(bytes);
    const expected = reference.digest ?? headerDigest(response);
    if (expected !== undefined && expected !== digest) {
      throw new VarveError(
        'REGISTRY_DIGEST_MISMATCH',
        `${what}: ${reference.registry} sent bytes with the digest ${digest}, not ${expected}`,
      );
    }
    const sentAs = contentType(response);
    const isKnown = sentAs !== undefined && [...MANIFEST_TYPES, ...INDEX_TYPES].includes(sentAs);
    const mediaType = isKnown ? sentAs : parseManifestDocument(bytes, sentAs).mediaType;
    return { descriptor: { mediaType, digest, size: bytes.length }, bytes };
  }
}

/**
 * What the registry says about a manifest, without its bytes. For a tag the digest is the registry's word: whoever uses
 * it fetches by that digest, which is checked. A registry that says too little is asked for the bytes.
 */
export async function headManifest(
  transport: Transport,
  reference: Reference,
  signal?: AbortSignal,
): Promise<Descriptor | undefined> {
  const what = `manifest of ${formatReference(reference)}`;
  const response = await request(transport, reference, 'HEAD', [200, 404, 405], what, signal);
  await response.body.dump();
  if (response.status === 404) return undefined;
  const digest = reference.digest ?? headerDigest(response);
  const length = response.headers['content-length'];
  const mediaType = contentType(response);
  if (response.status === 200 && digest && mediaType && typeof length === 'string' && /^\d+$/.test(length)) {
    return { mediaType, digest, size: Number(length) };
  }
  try {
    return (await fetchManifest(transport, reference, signal)).descriptor;
  } catch (error) {
    if (refusalOf(error)?.status === 404) return undefined;
    throw error;
  }
}

function request(
  transport: Transport,
  reference: Reference,
  method: 'GET' | 'HEAD',
  expect: number[],
  what: string,
  signal?: AbortSignal,
): Promise<RegistryResponse> {
  return transport.send({
    repository: reference,
    scopes: [pullScope(reference)],
    method,
    target: `/v2/${reference.repository}/manifests/${manifestName(reference)}`,
    headers: { accept: ACCEPT, 'accept-encoding': 'identity' },
    expect,
    retry: true,
    what,
    signal,
  });
}

async function readManifest(response: RegistryResponse, what: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response.body as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MANIFEST_LIMIT_BYTES) {
      throw new VarveError(
        'REGISTRY_TOO_LARGE',
        `${what}: larger than ${MANIFEST_LIMIT_BYTES} bytes, the most that is read`,
      );
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function headerDigest(response: RegistryResponse): Digest | undefined {
  const value = response.headers['docker-content-digest'];
  return typeof value === 'string' && isDigest(value) ? value : undefined;
}

function contentType(response: RegistryResponse): string | undefined {
  const value = response.headers['content-type'];
  return typeof value === 'string' ? value.split(';')[0]?.trim() || undefined : undefined;
}
