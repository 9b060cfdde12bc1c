import { VarveError } from '../errors.ts';
import { digestOf } from '../oci/digest.ts';
import { formatReference, manifestName, type Reference } from '../oci/reference.ts';
import { pushScope } from './scope.ts';
import type { RegistryResponse, Transport } from './transport.ts';

/**
 * Puts a manifest or index under its tag or digest.
 * @throws VarveError `REGISTRY_DIGEST_MISMATCH` when the registry stored something else, and other `REGISTRY_*`
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-manifests
 */
export async function pushManifest(
  transport: Transport,
  reference: Reference,
  bytes: Buffer,
  mediaType: string,
  signal?: AbortSignal,
): Promise<void> {
  await putManifest(transport, reference, bytes, mediaType, signal);
}

/** The same; gives what the registry says in its headers. */
export async function putManifest(
  transport: Transport,
  reference: Reference,
  bytes: Buffer,
  mediaType: string,
  signal?: AbortSignal,
): Promise<RegistryResponse['headers']> {
  const what = `manifest of ${formatReference(reference)}`;
  const digest = digestOf(bytes);
  if (reference.digest !== undefined && reference.digest !== digest) {
    throw new VarveError('REGISTRY_DIGEST_MISMATCH', `${what}: the bytes to push have the digest ${digest}`);
  }
  const response = await transport.send({
    repository: reference,
    scopes: [pushScope(reference)],
    method: 'PUT',
    target: `/v2/${reference.repository}/manifests/${manifestName(reference)}`,
    headers: { 'content-type': mediaType },
    body: bytes,
    expect: [200, 201, 202],
    retry: true,
    what,
    signal,
  });
  await response.body.dump();
  const stored = response.headers['docker-content-digest'];
  if (typeof stored === 'string' && stored.startsWith('sha256:') && stored !== digest) {
    throw new VarveError(
      'REGISTRY_DIGEST_MISMATCH',
      `${what}: ${reference.registry} stored it as ${stored}, but its digest is ${digest}`,
    );
  }
  return response.headers;
}
