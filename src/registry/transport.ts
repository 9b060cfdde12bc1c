import type { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import { VarveError } from '../errors.ts';
import { redactUrl } from '../io/redact.ts';
import { type RetryPolicy, retry } from '../io/retry.ts';
import type { Authorizer } from './authorizer.ts';
import { connectionError, isBrokenConnection } from './connection-error.ts';
import type { Endpoint, Endpoints } from './endpoint.ts';
import type { RepositoryName } from './registry-client.ts';
import { refusalError, refusalOf } from './registry-error.ts';
import { type Scope, useOf } from './scope.ts';
import { isRetryableStatus, type TransportContext } from './transport-context.ts';
import { watchBody } from './watch-body.ts';

/** Signed storage URLs need one; more than a few are a loop. */
const REDIRECT_LIMIT = 5;

export interface RegistryRequest {
  readonly repository: RepositoryName;
  readonly scopes: readonly Scope[];
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** A path of the registry's API, or the whole URL that an earlier answer named. */
  readonly target: string | URL;
  readonly headers?: Readonly<Record<string, string>>;
  /** A function makes the body anew for each time it is sent. */
  readonly body?: Buffer | (() => AsyncIterable<Buffer>);
  /** Statuses that are handed back; every other becomes an error. */
  readonly expect: readonly number[];
  /** Whether a failure may be followed by the same request again. */
  readonly retry: boolean;
  /** For messages: `blob sha256:… of docker.io/library/debian`. */
  readonly what: string;
  readonly silenceMs?: number;
  readonly signal?: AbortSignal | undefined;
}

export interface RegistryResponse {
  readonly status: number;
  readonly headers: Dispatcher.ResponseData['headers'];
  readonly body: Dispatcher.ResponseData['body'];
  /** Where the request went in the end, redirects followed. */
  readonly url: URL;
}

export interface Transport {
  /** @throws VarveError `REGISTRY_*`, or the signal's reason */
  send(request: RegistryRequest): Promise<RegistryResponse>;
}

export function createTransport(parts: {
  readonly endpoints: Endpoints;
  readonly authorizer: Authorizer;
  readonly context: TransportContext;
  readonly policy: RetryPolicy;
}): Transport {
  const { endpoints, authorizer, context, policy } = parts;

  async function once(request: RegistryRequest): Promise<RegistryResponse> {
    const { repository, scopes, what, signal } = request;
    const endpoint = await endpoints.of(repository.registry, useOf(scopes), signal);
    const need = { endpoint, repository, scopes, signal };
    let authorization = await authorizer.authorization(need);
    // Two refusals: the first asks who we are, the second says that a remembered token has ended.
    for (let refusals = 0; ; refusals++) {
      const { response, url } = await follow(request, endpoint, authorization);
      const status = response.statusCode;
      if (status === 401 && refusals < 2 && url.origin === endpoint.origin) {
        const asked = response.headers['www-authenticate'];
        const challenge = Array.isArray(asked) ? asked.join(', ') : asked;
        const next = challenge === undefined ? undefined : await renewed(challenge);
        if (next !== undefined) {
          await response.body.dump();
          authorization = next;
          continue;
        }
      }
      if (request.expect.includes(status)) return { status, headers: response.headers, body: response.body, url };
      throw await refusalError(response, {
        what,
        registry: url.host,
        redactor: context.redactor,
        now: context.clock.now(),
      });

      async function renewed(header: string): Promise<string | undefined> {
        try {
          return await authorizer.renew(need, header, authorization);
        } catch (error) {
          response.body.on('error', () => {}).destroy();
          throw error;
        }
      }
    }
  }

  async function follow(request: RegistryRequest, endpoint: Endpoint, authorization: string | undefined) {
    let url = sameServer(new URL(request.target, endpoint.origin), endpoint);
    for (let redirects = 0; ; redirects++) {
      const response = await dispatch(
        request,
        endpoint,
        url,
        url.origin === endpoint.origin ? authorization : undefined,
      );
      const next = redirectOf(request, response, url);
      if (!next) return { response, url };
      await response.body.dump();
      if (redirects >= REDIRECT_LIMIT) {
        throw new VarveError('REGISTRY_PROTOCOL', `${request.what}: more than ${REDIRECT_LIMIT} redirects`);
      }
      context.counters.add('registry.redirects');
      url = next;
    }
  }

  async function dispatch(
    request: RegistryRequest,
    endpoint: Endpoint,
    url: URL,
    authorization: string | undefined,
  ): Promise<Dispatcher.ResponseData> {
    const { method, body, signal } = request;
    const silenceMs = request.silenceMs ?? context.silenceMs;
    const sending = typeof body === 'function' ? watchBody(body(), silenceMs, signal) : undefined;
    try {
      context.counters.add('registry.requests');
      const response = await endpoint.dispatcher.request({
        origin: url.origin,
        path: url.pathname + url.search,
        method,
        headers: { ...request.headers, ...(authorization === undefined ? {} : { authorization }) },
        // undici takes any iterable; its types don't say so.
        body: (sending?.body as Readable | undefined) ?? (typeof body === 'function' ? null : (body ?? null)),
        headersTimeout: silenceMs,
        bodyTimeout: silenceMs,
        // undici ends the connection after a HEAD: each would cost a handshake.
        ...(method === 'HEAD' ? { reset: false } : {}),
        ...(sending ? { signal: sending.signal } : signal ? { signal } : {}),
      });
      context.log.debug(`${method} ${redactUrl(url)}: ${response.statusCode}`);
      return response;
    } catch (error) {
      throw connectionError(sending?.stalled() ?? error, request.what, url.host, signal);
    } finally {
      sending?.end();
    }
  }

  return {
    async send(request) {
      if (!request.retry) return once(request);
      return retry(() => once(request), {
        policy,
        signal: request.signal,
        verdict: (error) => {
          const refusal = refusalOf(error);
          if (refusal) return isRetryableStatus(refusal.status) && { afterMs: refusal.retryAfterMs };
          return isBrokenConnection(error) && {};
        },
        onRetry: (error, waitMs) => {
          context.counters.add('registry.retries');
          const why = error instanceof Error ? error.message : String(error);
          const text = `${why}; trying again in ${(waitMs / 1000).toFixed(1)} s`;
          if (waitMs >= 5000) context.log.warn(text);
          else context.log.debug(text);
        },
      });
    },
  };
}

/** A registry behind a proxy that ends TLS may name itself with http: the connection stays encrypted all the same. */
function sameServer(url: URL, endpoint: Endpoint): URL {
  const origin = new URL(endpoint.origin);
  if (origin.protocol === 'https:' && url.protocol === 'http:' && url.hostname === origin.hostname) {
    return new URL(url.pathname + url.search, origin);
  }
  return url;
}

function redirectOf(request: RegistryRequest, response: Dispatcher.ResponseData, from: URL): URL | undefined {
  const status = response.statusCode;
  if (![301, 302, 303, 307, 308].includes(status) || request.expect.includes(status)) return undefined;
  const isRead = request.method === 'GET' || request.method === 'HEAD';
  const location = response.headers.location;
  const text = Array.isArray(location) ? location[0] : location;
  if (text === undefined || !URL.canParse(text, from.href) || !(isRead || status === 307 || status === 308)) {
    response.body.on('error', () => {}).destroy();
    throw new VarveError(
      'REGISTRY_PROTOCOL',
      `${request.what}: ${from.host} answered ${status} with no usable Location`,
    );
  }
  const to = new URL(text, from);
  if (to.protocol !== 'https:' && (to.protocol !== 'http:' || from.protocol === 'https:')) {
    response.body.on('error', () => {}).destroy();
    throw new VarveError(
      'REGISTRY_PROTOCOL',
      `${request.what}: ${from.host} redirects from ${from.protocol} to ${redactUrl(to)}, which is not followed`,
    );
  }
  to.username = '';
  to.password = '';
  return to;
}
