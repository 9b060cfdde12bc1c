import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { VarveError } from '../errors.ts';
import type { Limiter } from '../io/limiter.ts';
import { redactUrl } from '../io/redact.ts';
import { pause, type RetryPolicy, retryWait } from '../io/retry.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import { connectionError, isBrokenConnection } from './connection-error.ts';
import type { RepositoryName } from './registry-client.ts';
import { refusalOf } from './registry-error.ts';
import { pullScope } from './scope.ts';
import { takePlace } from './take-place.ts';
import type { TransferWatch, WatchedTransfer } from './transfer-watch.ts';
import type { RegistryResponse, Transport } from './transport.ts';
import type { TransportContext } from './transport-context.ts';

export interface BlobDownload {
  readonly transport: Transport;
  readonly context: TransportContext;
  readonly policy: RetryPolicy;
  /** Holds a place from the request until the stream has ended or is destroyed. */
  readonly limiter: Limiter;
  readonly watch: TransferWatch;
}

/**
 * Streams a blob. A connection that breaks is taken up again where it broke (Range), or from the start when the
 * server has no ranges; the hash goes on over both. The stream fails when digest or size differ.
 * @throws VarveError `REGISTRY_*` before the first byte; the stream fails with `REGISTRY_DIGEST_MISMATCH`,
 *   `REGISTRY_SIZE_MISMATCH`, `REGISTRY_CONNECTION`
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-blobs
 */
export async function fetchBlob(
  parts: BlobDownload,
  repository: RepositoryName,
  blob: Pick<Descriptor, 'digest' | 'size' | 'urls'>,
  signal?: AbortSignal,
): Promise<Readable> {
  const closed = new AbortController();
  const both = signal ? AbortSignal.any([signal, closed.signal]) : closed.signal;
  const release = await takePlace(parts.limiter, signal);
  try {
    const first = await requestFrom(parts, repository, blob, 0, both);
    const watched = parts.watch.begin('receive', repository, blob);
    const stream = Readable.from(download(parts, repository, blob, { first, watched }, both), { objectMode: false });
    stream.once('close', () => {
      watched.end(stream.readableEnded);
      closed.abort(new Error('the blob stream was closed'));
      discard(first);
      release();
    });
    return stream;
  } catch (error) {
    release();
    throw error;
  }
}

async function* download(
  parts: BlobDownload,
  repository: RepositoryName,
  blob: Pick<Descriptor, 'digest' | 'size' | 'urls'>,
  { first, watched }: { readonly first: RegistryResponse; readonly watched: WatchedTransfer },
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  const { context, policy } = parts;
  const what = describe(repository, blob.digest);
  const hash = createHash('sha256');
  let done = 0;
  let response = first;
  let failures = 0;
  for (;;) {
    const before = done;
    try {
      // A server without ranges sends it all again: what was seen already is passed over.
      let skip = response.status === 206 ? 0 : done;
      for await (const chunk of response.body as AsyncIterable<Buffer>) {
        const fresh = skip >= chunk.length ? undefined : skip > 0 ? chunk.subarray(skip) : chunk;
        skip = Math.max(0, skip - chunk.length);
        if (!fresh) continue;
        done += fresh.length;
        if (done > blob.size) throw sizeMismatch(what, repository, blob.size, `at least ${done}`);
        hash.update(fresh);
        context.counters.add('registry.bytes.received', fresh.length);
        watched.at(done);
        yield fresh;
      }
      if (done !== blob.size) throw sizeMismatch(what, repository, blob.size, `${done}`);
      break;
    } catch (error) {
      signal.throwIfAborted();
      // All bytes came and only the end of the answer broke: nothing is left to ask for.
      if (done === blob.size && isBrokenConnection(error)) break;
      if (!isBrokenConnection(error)) throw connectionError(error, what, repository.registry, signal);
      failures = done > before ? 1 : failures + 1;
      if (failures >= policy.attempts) throw connectionError(error, what, repository.registry, signal);
      context.counters.add('registry.resumes');
      context.log.debug(`${what}: the connection broke after ${done} of ${blob.size} bytes; going on from there`);
      await pause(policy, retryWait(policy, failures) ?? 0, signal);
      response = await requestFrom(parts, repository, blob, done, signal);
    }
  }
  const actual = `sha256:${hash.digest('hex')}`;
  if (actual !== blob.digest) {
    throw new VarveError(
      'REGISTRY_DIGEST_MISMATCH',
      `${what}: ${repository.registry} sent bytes with the digest ${actual}`,
    );
  }
}

async function requestFrom(
  parts: BlobDownload,
  repository: RepositoryName,
  blob: Pick<Descriptor, 'digest' | 'size' | 'urls'>,
  offset: number,
  signal: AbortSignal,
): Promise<RegistryResponse> {
  const what = describe(repository, blob.digest);
  const response = await send(`/v2/${repository.repository}/blobs/${blob.digest}`).catch(elsewhere);
  try {
    check(response);
  } catch (error) {
    discard(response);
    throw error;
  }
  return response;

  /** A layer that may not be distributed lives at a URL of its own; what comes is checked all the same. */
  async function elsewhere(error: unknown): Promise<RegistryResponse> {
    if (refusalOf(error)?.status !== 404) throw error;
    for (const url of blob.urls ?? []) {
      if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) continue;
      parts.context.log.debug(`${what}: not there; asking ${redactUrl(url)}`);
      try {
        return await send(new URL(url));
      } catch (refused) {
        signal?.throwIfAborted();
        parts.context.log.warn(refused instanceof Error ? refused.message : String(refused));
      }
    }
    throw error;
  }

  function send(target: string | URL): Promise<RegistryResponse> {
    return parts.transport.send({
      repository,
      scopes: [pullScope(repository)],
      method: 'GET',
      target,
      headers: { 'accept-encoding': 'identity', ...(offset > 0 ? { range: `bytes=${offset}-` } : {}) },
      expect: offset > 0 ? [200, 206] : [200],
      retry: true,
      what,
      signal,
    });
  }

  function check({ status, headers }: RegistryResponse): void {
    const range = headers['content-range'];
    if (status === 206 && !new RegExp(`^bytes ${offset}-`).test(String(range))) {
      throw new VarveError(
        'REGISTRY_PROTOCOL',
        `${what}: asked for bytes from ${offset}, got ${JSON.stringify(range)}`,
      );
    }
    const length = headers['content-length'];
    const expected = status === 206 ? blob.size - offset : blob.size;
    if (typeof length === 'string' && Number(length) !== expected) {
      throw sizeMismatch(what, repository, expected, length);
    }
  }
}

function discard(response: RegistryResponse): void {
  response.body.on('error', () => {});
  response.body.on('error', () => {}).destroy();
}

function describe({ registry, repository }: RepositoryName, digest: Digest): string {
  return `blob ${digest} of ${registry}/${repository}`;
}

function sizeMismatch(what: string, { registry }: RepositoryName, expected: number, actual: string): VarveError {
  return new VarveError('REGISTRY_SIZE_MISMATCH', `${what}: ${registry} sent ${actual} bytes, not ${expected}`);
}
