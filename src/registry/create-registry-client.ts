import type { Dispatcher } from 'undici';
import type { ProxySettings } from '../io/choose-proxy.ts';
import type { Clock } from '../io/clock.ts';
import { createHttpAgent, type TlsSettings } from '../io/http-agent.ts';
import { createLimiter, type Limiter } from '../io/limiter.ts';
import type { Log } from '../io/log.ts';
import { createRedactor, type Redactor } from '../io/redact.ts';
import { defaultRetryPolicy, type RetryPolicy, withRetries } from '../io/retry.ts';
import { createAuthorizer } from './authorizer.ts';
import { checkPush } from './check-push.ts';
import { type Counters, noCounters } from './counters.ts';
import type { CredentialSource } from './credential-source.ts';
import { createEndpoints } from './endpoint.ts';
import { fetchBlob } from './fetch-blob.ts';
import { fetchManifest, headManifest } from './fetch-manifest.ts';
import { listTags } from './list-tags.ts';
import { ping } from './ping.ts';
import { blobExists, headBlob, pushBlob } from './push-blob.ts';
import { pushManifest } from './push-manifest.ts';
import { pushReferrer } from './push-referrer.ts';
import type { RegistryAccess } from './registry-access.ts';
import type { RegistryClient } from './registry-client.ts';
import { takePlace } from './take-place.ts';
import { noTransferWatch, type TransferWatch } from './transfer-watch.ts';
import { createTransport } from './transport.ts';
import type { TransportContext } from './transport-context.ts';

export interface RegistryClientOptions extends RegistryAccess {
  readonly credentials: CredentialSource;
  readonly userAgent: string;
  readonly log: Log;
  readonly clock: Clock;
  readonly counters?: Counters;
  /** Learns every credential that is used; one of the client's own when absent. */
  readonly redactor?: Redactor;
  readonly watch?: TransferWatch;
  /** Of this machine; none when absent. */
  readonly proxies?: ProxySettings;
  /** Makes the connections, for tests; called once with each value. Default: an undici Agent, or one through proxies. */
  readonly dispatcher?: (tls: TlsSettings) => Promise<Dispatcher>;
  readonly retryPolicy?: RetryPolicy;
  readonly limits?: Partial<RegistryLimits>;
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
  const context: TransportContext = {
    log: options.log,
    clock: options.clock,
    counters,
    redactor: options.redactor ?? createRedactor(),
    silenceMs: limits.silenceMs,
    uploadSilenceMs: limits.uploadSilenceMs,
  };
  const base = new Map<string, Promise<Dispatcher>>();
  const { proxies = {} } = options;
  const makeDispatcher = options.dispatcher ?? ((tls) => createHttpAgent({ proxies, ...tls }));
  const dispatcher = async (tls: TlsSettings): Promise<Dispatcher> => {
    const key = JSON.stringify(tls);
    const made = base.get(key) ?? makeDispatcher(tls);
    base.set(key, made);
    return (await made).compose(userAgent(options.userAgent));
  };
  const endpoints = createEndpoints({ access: options, dispatcher, probeTimeoutMs: limits.silenceMs });
  const authorizer = createAuthorizer(options.credentials, context, policy);
  const transport = createTransport({ endpoints, authorizer, context, policy });
  const requests = limiters(limits.requests);
  const downloads = limiters(limits.downloads);
  const uploads = limiters(limits.uploads);

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
    pushBlob: (repository, blob, open, signal) => {
      const places = { requests: requests(repository.registry), uploads: uploads(repository.registry) };
      const parts = { transport, context, policy, watch, ...places, chunkBytes: limits.chunkBytes };
      return pushBlob(parts, repository, blob, open, signal);
    },
    pushManifest: (reference, bytes, mediaType, signal) =>
      limited(reference, signal, () => pushManifest(transport, reference, bytes, mediaType, signal)),
    pushReferrer: (repository, document, signal) =>
      limited(repository, signal, () => pushReferrer(transport, repository, document, signal)),
    checkPush: (repository, signal) => limited(repository, signal, () => checkPush(transport, repository, signal)),
    ping: (registry, signal) => limited({ registry }, signal, () => ping(transport, registry, signal)),
    tags: (repository, signal) => limited(repository, signal, () => listTags(transport, repository, signal)),
    async close() {
      const made = await Promise.allSettled(base.values());
      await Promise.all(made.map((each) => each.status === 'fulfilled' && each.value.destroy()));
      base.clear();
    },
  };
}

/** undici sets no User-Agent of its own, and registries refuse or slow down clients without one. */
function userAgent(name: string): Dispatcher.DispatcherComposeInterceptor {
  return (dispatch) => (options, handler) =>
    dispatch({ ...options, headers: { ...(options.headers as Record<string, string>), 'user-agent': name } }, handler);
}

function limiters(limit: number): (registry: string) => Limiter {
  const made = new Map<string, Limiter>();
  return (registry) => {
    const limiter = made.get(registry) ?? createLimiter(limit);
    made.set(registry, limiter);
    return limiter;
  };
}
