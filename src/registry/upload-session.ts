import { VarveError } from '../errors.ts';
import type { Digest } from '../oci/digest.ts';
import type { RepositoryName } from './registry-client.ts';
import { pullScope, pushScope } from './scope.ts';
import type { RegistryResponse, Transport } from './transport.ts';
import type { TransportContext } from './transport-context.ts';

/** An upload that a registry has opened. @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-blobs */
export interface UploadSession {
  /** Where the next request of this upload goes; the registry renews it with each answer. */
  url: URL;
  /** The least that a chunk but the last must have, in bytes; 0 when the registry doesn't say. */
  readonly minChunkBytes: number;
}

export interface UploadTarget {
  readonly transport: Transport;
  readonly context: TransportContext;
  readonly repository: RepositoryName;
  readonly digest: Digest;
  readonly size: number;
  readonly what: string;
  readonly signal?: AbortSignal | undefined;
}

type NewUpload = Pick<UploadTarget, 'transport' | 'repository' | 'what' | 'signal'>;

/** Opens an upload; with `from` the registry is asked to mount the blob from there: then the answer may be `mounted`. */
export async function startUpload(target: NewUpload): Promise<UploadSession>;
export async function startUpload(target: UploadTarget, from: RepositoryName): Promise<UploadSession | 'mounted'>;
export async function startUpload(
  target: NewUpload & Partial<Pick<UploadTarget, 'digest'>>,
  from?: RepositoryName,
): Promise<UploadSession | 'mounted'> {
  const query = from && target.digest ? `?${new URLSearchParams({ mount: target.digest, from: from.repository })}` : '';
  const response = await target.transport.send({
    ...common(target),
    scopes: from ? [pushScope(target.repository), pullScope(from)] : [pushScope(target.repository)],
    method: 'POST',
    target: `/v2/${target.repository.repository}/blobs/uploads/${query}`,
    headers: { 'content-length': '0' },
    expect: from ? [201, 202] : [202],
    // An upload that is opened twice leaves an empty one behind, which registries clean up.
    retry: true,
  });
  await response.body.dump();
  if (response.status === 201) return 'mounted';
  const least = Number(response.headers['oci-chunk-min-length']);
  return {
    url: locationOf(response, target) ?? missingLocation(target),
    minChunkBytes: Number.isSafeInteger(least) && least > 0 ? least : 0,
  };
}

/** The whole blob in one request, or the end of a chunked upload when there is no body. */
export async function finishUpload(
  target: UploadTarget,
  session: UploadSession,
  body?: () => AsyncIterable<Buffer>,
): Promise<void> {
  const url = new URL(session.url);
  // Appended by hand: registries sign their query, and URLSearchParams would write it anew.
  url.search = `${url.search}${url.search ? '&' : '?'}digest=${encodeURIComponent(target.digest)}`;
  const length = body ? target.size : 0;
  const response = await target.transport.send({
    ...common(target),
    scopes: [pushScope(target.repository)],
    method: 'PUT',
    target: url,
    headers: { 'content-type': 'application/octet-stream', 'content-length': String(length) },
    ...(body ? { body } : {}),
    expect: [201, 204],
    retry: false,
    silenceMs: target.context.uploadSilenceMs,
  });
  await response.body.dump();
  target.context.counters.add('registry.bytes.sent', length);
}

/** Sends `length` bytes from `offset`. @returns how many bytes of the blob the registry has now */
export async function sendChunk(
  target: UploadTarget,
  session: UploadSession,
  chunk: { readonly offset: number; readonly length: number; readonly body: () => AsyncIterable<Buffer> },
): Promise<number> {
  const { offset, length, body } = chunk;
  const response = await target.transport.send({
    ...common(target),
    scopes: [pushScope(target.repository)],
    method: 'PATCH',
    target: session.url,
    headers: {
      'content-type': 'application/octet-stream',
      'content-length': String(length),
      'content-range': `${offset}-${offset + length - 1}`,
    },
    body,
    expect: [201, 202, 204],
    retry: false,
    silenceMs: target.context.uploadSilenceMs,
  });
  await response.body.dump();
  target.context.counters.add('registry.bytes.sent', length);
  session.url = locationOf(response, target) ?? session.url;
  return receivedOf(response) ?? offset + length;
}

/** Asks how many bytes of an upload arrived; undefined when the registry doesn't know it any more, or leaves it unclear. */
export async function uploadOffset(target: UploadTarget, session: UploadSession): Promise<number | undefined> {
  const response = await target.transport.send({
    ...common(target),
    scopes: [pushScope(target.repository)],
    method: 'GET',
    target: session.url,
    expect: [200, 204, 400, 404, 405, 416],
    retry: true,
  });
  await response.body.dump();
  if (response.status !== 204 && response.status !== 200) return undefined;
  session.url = locationOf(response, target) ?? session.url;
  return receivedOf(response);
}

/** The Range header; `0-0` stands for no byte in some registries and for one in others, so it says nothing. */
function receivedOf(response: RegistryResponse): number | undefined {
  const match = /^(?:bytes=)?0-(\d+)$/.exec(String(response.headers.range ?? ''));
  const last = match ? Number(match[1]) : 0;
  return last > 0 && Number.isSafeInteger(last) ? last + 1 : undefined;
}

function locationOf(response: RegistryResponse, target: NewUpload): URL | undefined {
  const location = response.headers.location;
  const text = Array.isArray(location) ? location[0] : location;
  if (text === undefined) return undefined;
  const url = URL.canParse(text, response.url.href) ? new URL(text, response.url) : undefined;
  if (!url || !/^https?:$/.test(url.protocol)) return missingLocation(target);
  return url;
}

function missingLocation({ what, repository }: NewUpload): never {
  throw new VarveError('REGISTRY_PROTOCOL', `${what}: ${repository.registry} opened an upload with no usable Location`);
}

function common({ repository, what, signal }: NewUpload) {
  return { repository, what, signal };
}
