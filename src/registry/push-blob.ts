import type { Readable } from 'node:stream';
import type { Limiter } from '../io/limiter.ts';
import { pause, type RetryPolicy, retryWait } from '../io/retry.ts';
import type { Digest } from '../oci/digest.ts';
import { type BlobSource, createBlobSource } from './blob-source.ts';
import { isBrokenConnection } from './connection-error.ts';
import type { RepositoryName } from './registry-client.ts';
import { refusalOf } from './registry-error.ts';
import { pullScope, pushScope, type Scope } from './scope.ts';
import { takePlace } from './take-place.ts';
import type { TransferWatch } from './transfer-watch.ts';
import type { Transport } from './transport.ts';
import { isRetryableStatus, type TransportContext } from './transport-context.ts';
import {
  finishUpload,
  sendChunk,
  startUpload,
  type UploadSession,
  type UploadTarget,
  uploadOffset,
} from './upload-session.ts';

export interface BlobUpload {
  readonly transport: Transport;
  readonly context: TransportContext;
  readonly policy: RetryPolicy;
  /** Holds a place while the registry is asked whether it has the blob. */
  readonly requests: Limiter;
  /** Holds a place while bytes are sent. */
  readonly uploads: Limiter;
  /** Larger blobs are sent in chunks of this many bytes, so that a break costs one chunk. */
  readonly chunkBytes: number;
  readonly watch: TransferWatch;
}

export interface PushedBlob {
  readonly digest: Digest;
  readonly size: number;
  readonly from?: RepositoryName;
}

/** Chunks are not made smaller than this, whatever a proxy refuses: nginx takes 1 MiB unless told otherwise. */
const LEAST_CHUNK_BYTES = 1024 * 1024;
/** Refusals that another way of sending may get around. 404 is a method or a session that the registry doesn't know. */
const WAY_REFUSED: readonly number[] = [400, 404, 405, 411, 413, 415, 416, 501];
/** Codes that say that the bytes are wrong, whatever the way. */
const BYTES_REFUSED: readonly string[] = ['DIGEST_INVALID', 'SIZE_INVALID', 'NAME_INVALID', 'NAME_UNKNOWN'];

/** Makes a blob be there: see RegistryClient.pushBlob. */
export async function pushBlob(
  parts: BlobUpload,
  repository: RepositoryName,
  blob: PushedBlob,
  open: () => Readable,
  signal?: AbortSignal,
): Promise<'exists' | 'mounted' | 'uploaded'> {
  const { transport, context } = parts;
  const what = `blob ${blob.digest} of ${repository.registry}/${repository.repository}`;
  const target: UploadTarget = { transport, context, repository, digest: blob.digest, size: blob.size, what, signal };
  const asked = await takePlace(parts.requests, signal);
  let mounted: UploadSession | 'mounted' | undefined;
  try {
    if (await blobExists(transport, repository, blob.digest, [pushScope(repository)], signal)) return 'exists';
    mounted = await tryMount(target, blob.from);
  } finally {
    asked();
  }
  if (mounted === 'mounted') {
    context.counters.add('registry.mounts');
    return 'mounted';
  }
  const release = await takePlace(parts.uploads, signal);
  const watched = parts.watch.begin('send', repository, blob);
  const source = createBlobSource(open, what, watched.at);
  let isWhole = false;
  try {
    await upload(parts, target, source, mounted ?? (await startUpload(target)));
    isWhole = true;
    return 'uploaded';
  } finally {
    watched.end(isWhole);
    source.close();
    release();
  }
}

/** Whether the registry says that it has a blob. */
export async function blobExists(...request: Parameters<typeof headBlob>): Promise<boolean> {
  return (await headBlob(...request)) !== undefined;
}

/** HEAD of a blob. */
export async function headBlob(
  transport: Transport,
  repository: RepositoryName,
  digest: Digest,
  scopes: readonly Scope[] = [pullScope(repository)],
  signal?: AbortSignal,
): Promise<{ readonly size?: number } | undefined> {
  const response = await transport.send({
    repository,
    scopes,
    method: 'HEAD',
    target: `/v2/${repository.repository}/blobs/${digest}`,
    headers: { 'accept-encoding': 'identity' },
    expect: [200, 404],
    retry: true,
    what: `blob ${digest} of ${repository.registry}/${repository.repository}`,
    signal,
  });
  await response.body.dump();
  if (response.status !== 200) return undefined;
  const length = response.headers['content-length'];
  return typeof length === 'string' && /^\d+$/.test(length) ? { size: Number(length) } : {};
}

/** A mount that is refused costs a transfer, no more: the other repository may be closed to us. */
async function tryMount(target: UploadTarget, from?: RepositoryName): Promise<UploadSession | 'mounted' | undefined> {
  const { registry, repository } = target.repository;
  if (!from || from.registry !== registry || from.repository === repository) return undefined;
  try {
    return await startUpload(target, from);
  } catch (error) {
    const status = refusalOf(error)?.status;
    if (status === undefined || status >= 500 || status === 429) throw error;
    target.context.log.debug(`${target.what}: not mounted from ${from.repository}: status ${status}`);
    return undefined;
  }
}

async function upload(
  parts: BlobUpload,
  target: UploadTarget,
  source: BlobSource,
  first: UploadSession,
): Promise<void> {
  const { size, signal } = target;
  let session = first;
  let offset = 0;
  let chunkBytes = parts.chunkBytes;
  let chunked = size > chunkBytes;
  let changedWay = false;
  let failures = 0;
  let finishing = false;
  for (;;) {
    const before = offset;
    try {
      finishing = true;
      if (!chunked && offset === 0) return await finishUpload(target, session, () => source.part(0, size));
      while (offset < size) {
        finishing = false;
        const start = offset;
        const length = Math.min(Math.max(chunkBytes, session.minChunkBytes), size - start);
        offset = await sendChunk(target, session, { offset: start, length, body: () => source.part(start, length) });
        if (offset > size || offset <= start) offset = start + length;
      }
      finishing = true;
      return await finishUpload(target, session);
    } catch (error) {
      signal?.throwIfAborted();
      const wrong = source.failure();
      if (wrong) throw wrong;
      const refusal = refusalOf(error);
      const status = refusal?.status;
      if (refusal?.specCodes.some((code) => BYTES_REFUSED.includes(code))) throw error;
      if (status === 413 && chunked && chunkBytes > Math.max(LEAST_CHUNK_BYTES, session.minChunkBytes)) {
        chunkBytes = Math.max(LEAST_CHUNK_BYTES, Math.ceil(chunkBytes / 4));
      } else if (status !== undefined && WAY_REFUSED.includes(status) && before === 0 && offset === 0 && !changedWay) {
        changedWay = true;
        chunked = !chunked;
        if (chunked) chunkBytes = Math.min(chunkBytes, Math.max(LEAST_CHUNK_BYTES, Math.ceil(size / 4)));
      } else {
        const canRetry = status === 404 || status === 416 || (status !== undefined && isRetryableStatus(status));
        if (!canRetry && !isBrokenConnection(error)) throw error;
        failures = offset > before ? 1 : failures + 1;
        const waitMs = failures < parts.policy.attempts && retryWait(parts.policy, failures, refusal?.retryAfterMs);
        if (waitMs === false || waitMs === undefined) throw error;
        target.context.counters.add('registry.retries');
        target.context.log.debug(
          `${target.what}: ${error instanceof Error ? error.message : error}; asking what arrived`,
        );
        await pause(parts.policy, waitMs, signal);
        // The registry may have stored it all and only its answer was lost.
        if (
          finishing &&
          (await blobExists(target.transport, target.repository, target.digest, [pushScope(target.repository)], signal))
        )
          return;
        const arrived = await uploadOffset(target, session);
        if (arrived !== undefined && arrived <= size) {
          target.context.counters.add('registry.resumes');
          offset = arrived;
          continue;
        }
      }
      session = await startUpload(target);
      offset = 0;
    }
  }
}
