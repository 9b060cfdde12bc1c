import { isIPv4 } from 'node:net';
import type { Dispatcher } from 'undici';
import { connectionError, isBrokenConnection, isTlsFailure } from './connection-error.ts';

/** Where a registry is reached. */
export interface Endpoint {
  readonly registry: string;
  /** `https://registry-1.docker.io` */
  readonly origin: string;
  readonly dispatcher: Dispatcher;
  /** Whether TLS proved who answers. */
  readonly verified: boolean;
}

export interface EndpointOptions {
  readonly insecureRegistries: readonly string[];
  readonly dispatcher: (tls: { readonly rejectUnauthorized: boolean }) => Promise<Dispatcher>;
  /** How long the first connection to an insecure registry may be silent, in ms. */
  readonly probeTimeoutMs: number;
}

export interface Endpoints {
  of(registry: string, signal?: AbortSignal): Promise<Endpoint>;
}

/** Docker Hub's API is not at the name that its images carry. */
const API_HOSTS: Readonly<Record<string, string>> = { 'docker.io': 'registry-1.docker.io' };

/**
 * Finds how to talk to a registry: HTTPS with verification; for loopback hosts HTTP; for a registry that the user calls
 * insecure HTTPS without verification, else HTTP, found by one request to `/v2/` the first time.
 */
export function createEndpoints(options: EndpointOptions): Endpoints {
  const known = new Map<string, Promise<Endpoint>>();

  async function find(registry: string, signal?: AbortSignal): Promise<Endpoint> {
    const host = API_HOSTS[registry] ?? registry;
    const secure = { registry, origin: `https://${host}`, verified: true };
    if (isInsecure(registry, options.insecureRegistries)) {
      const dispatcher = await options.dispatcher({ rejectUnauthorized: false });
      const https = { registry, origin: `https://${host}`, verified: false, dispatcher };
      if (await answers(https, signal)) return https;
      return { registry, origin: `http://${host}`, verified: false, dispatcher };
    }
    const dispatcher = await options.dispatcher({ rejectUnauthorized: true });
    if (isLoopback(registry)) return { registry, origin: `http://${host}`, verified: false, dispatcher };
    return { ...secure, dispatcher };
  }

  async function answers(endpoint: Endpoint, signal?: AbortSignal): Promise<boolean> {
    try {
      const response = await endpoint.dispatcher.request({
        origin: endpoint.origin,
        path: '/v2/',
        method: 'GET',
        headersTimeout: options.probeTimeoutMs,
        bodyTimeout: options.probeTimeoutMs,
        ...(signal ? { signal } : {}),
      });
      await response.body.dump();
      return true;
    } catch (error) {
      if (!signal?.aborted && (isBrokenConnection(error) || isTlsFailure(error))) return false;
      throw connectionError(error, 'GET /v2/', endpoint.registry, signal);
    }
  }

  return {
    async of(registry, signal) {
      const before = known.get(registry);
      if (before) return before;
      const search = find(registry, signal);
      known.set(registry, search);
      search.catch(() => known.delete(registry));
      return search;
    },
  };
}

/** localhost, 127.0.0.0/8 and ::1, with or without a port. */
export function isLoopback(registry: string): boolean {
  const host = hostOf(registry);
  return host === 'localhost' || host === '[::1]' || (isIPv4(host) && host.startsWith('127.'));
}

/** An entry without a port stands for all ports of its host. */
function isInsecure(registry: string, entries: readonly string[]): boolean {
  const host = hostOf(registry);
  return entries.some((entry) => entry.toLowerCase() === registry.toLowerCase() || entry.toLowerCase() === host);
}

function hostOf(registry: string): string {
  return registry.replace(/:\d+$/, '').toLowerCase();
}
