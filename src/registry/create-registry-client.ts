import { createLimiter, type Limiter } from '../io/limiter.ts';
import { defaultRetryPolicy, withRetries } from '../io/retry.ts';
import { checkPush } from './check-push.ts';
import { noCounters } from './counters.ts';
import { fetchBlob } from './fetch-blob.ts';
import { fetchManifest, headManifest } from './fetch-manifest.ts';
import { fetchReferrers } from './fetch-referrers.ts';
import { listTags } from './list-tags.ts';
import { ping } from './ping.ts';
import { blobExists, headBlob, pushBlob } from './push-blob.ts';
import { pushManifest } from './push-manifest.ts';
import { pushReferrer } from './push-referrer.ts';
import type { RegistryClient } from './registry-client.ts';
import { type ConnectionOptions, createRegistryConnections, type RegistryConnections } from './registry-connections.ts';
import { isBlobUnknown } from './registry-error.ts';
import { takePlace } from './take-place.ts';
import { noTransferWatch, type TransferWatch } from './transfer-watch.ts';
import { createTransport } from './transport.ts';
import type { TransportContext } from './transport-context.ts';

export interface RegistryClientOptions extends ConnectionOptions {
  readonly watch?: TransferWatch;
  readonly limits?: Partial<RegistryLimits>;
  /** Those of another client, which end by themselves; of the client's own when absent. */
  readonly connections?: RegistryConnections;
}

export interface RegistryLimits {
  /** Requests without a blob's bytes at once, for each registry. */
  readonly requests: number;
  /** Blob downloads at once, for each registry: each from its request until its stream has ended. */
  readonly downloads: number;
  /** Blob uploads at once, for each registry. */
  readonly uploads: number;
  /** Blobs above this size are sent in chunks of this size, in bytes. */
  readonly chunkBytes: number;
  /** The longest silence of a server, in ms. */
  readonly silenceMs: number;
  /** The same while a blob is sent and stored. */
  readonly uploadSilenceMs: number;
}

/** Docker's daemon has 3 downloads and 5 uploads; registries that limit connections allow more than these. */
export const defaultRegistryLimits: RegistryLimits = {
  requests: 16,
  downloads: 6,
  uploads: 6,
  chunkBytes: 64 * 1024 * 1024,
  silenceMs: 60_000,
  uploadSilenceMs: 300_000,
};

/**
 * An OCI distribution client over undici. Connections are opened with the first request and end with close().
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md
 */
export function createRegistryClient(options: RegistryClientOptions): RegistryClient {
  const limits = { ...defaultRegistryLimits, ...options.limits };
  const policy = withRetries(options.retryPolicy ?? defaultRetryPolicy, options.retries);
  const counters = options.counters ?? noCounters;
  const watch = options.watch ?? noTransferWatch;
  const { silenceMs, uploadSilenceMs } = limits;
  const connections = options.connections ?? createRegistryConnections(options, { silenceMs, uploadSilenceMs });
  const { endpoints, authorizer, redactor } = connections;
  const { log, clock } = options;
  const context: TransportContext = { log, clock, counters, redactor, silenceMs, uploadSilenceMs };
  const transport = createTransport({ endpoints, authorizer, context, policy });
  const requests = limiters(limits.requests);
  const downloads = limiters(limits.downloads);
  const uploads = limiters(limits.uploads);
  /** Blobs that this client saw or put there. */
  const arrived = new Set<string>();

  /** A request whose answer is read at once. */
  async function limited<T>(
    { registry }: { readonly registry: string },
    signal: AbortSignal | undefined,
    run: () => Promise<T>,
  ): Promise<T> {
    const release = await takePlace(requests(registry), signal);
    try {
      return await run();
    } finally {
      release();
    }
  }

  return {
    manifest: (reference, signal) => limited(reference, signal, () => fetchManifest(transport, reference, signal)),
    headManifest: (reference, signal) => limited(reference, signal, () => headManifest(transport, reference, signal)),
    blob: (repository, blob, signal) =>
      fetchBlob(
        { transport, context, policy, watch, limiter: downloads(repository.registry) },
        repository,
        blob,
        signal,
      ),
    hasBlob: (repository, digest, signal) =>
      limited(repository, signal, () => blobExists(transport, repository, digest, undefined, signal)),
    headBlob: (repository, digest, signal) =>
      limited(repository, signal, () => headBlob(transport, repository, digest, undefined, signal)),
    pushBlob: async (repository, blob, open, signal) => {
      // A layer that went ahead of its image is not asked for again.
      const name = `${repository.registry}/${repository.repository}@${blob.digest}`;
      if (arrived.has(name)) return 'exists';
      const places = { requests: requests(repository.registry), uploads: uploads(repository.registry) };
      const parts = { transport, context, policy, watch, ...places, chunkBytes: limits.chunkBytes };
      const result = await pushBlob(parts, repository, blob, open, signal);
      arrived.add(name);
      return result;
    },
    async pushManifest(reference, bytes, mediaType, signal) {
      try {
        await limited(reference, signal, () => pushManifest(transport, reference, bytes, mediaType, signal));
      } catch (error) {
        // What is known of the repository is wrong: somebody has deleted there.
        const repository = `${reference.registry}/${reference.repository}@`;
        if (isBlobUnknown(error)) for (const name of arrived) if (name.startsWith(repository)) arrived.delete(name);
        throw error;
      }
    },
    pushReferrer: (repository, document, signal) =>
      limited(repository, signal, () => pushReferrer(transport, repository, document, signal)),
    referrers: (repository, subject, signal) =>
      limited(repository, signal, () => fetchReferrers(transport, repository, subject, signal)),
    checkPush: (repository, signal) => limited(repository, signal, () => checkPush(transport, repository, signal)),
    ping: (registry, signal) => limited({ registry }, signal, () => ping(transport, registry, signal)),
    tags: (repository, signal) => limited(repository, signal, () => listTags(transport, repository, signal)),
    async close() {
      if (!options.connections) await connections.close();
    },
  };
}

function limiters(limit: number): (registry: string) => Limiter {
  const made = new Map<string, Limiter>();
  return (registry) => {
    const limiter = made.get(registry) ?? createLimiter(limit);
    made.set(registry, limiter);
    return limiter;
  };
}
