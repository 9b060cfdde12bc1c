import { isIPv4 } from 'node:net';
import type { Dispatcher } from 'undici';
import type { TlsSettings } from '../io/http-agent.ts';
import { connectionError, isBrokenConnection, speaksNoTls } from './connection-error.ts';
import { hostOf, isInsecure, type RegistryAccess, type Use } from './registry-access.ts';
import { tlsSettings } from './tls-settings.ts';
import { untilAbort } from './until-abort.ts';

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
  readonly access: RegistryAccess;
  readonly dispatcher: (tls: TlsSettings) => Promise<Dispatcher>;
  /** How long the first connection to a registry that may speak HTTP may be silent, in ms. */
  readonly probeTimeoutMs: number;
}

export interface Endpoints {
  /** @throws VarveError `REGISTRY_TLS`, `REGISTRY_CONNECTION` */
  of(registry: string, use: Use, signal?: AbortSignal): Promise<Endpoint>;
}

/** Docker Hub's API is not at the name that its images carry. */
const API_HOSTS: Readonly<Record<string, string>> = { 'docker.io': 'registry-1.docker.io' };

/**
 * Finds how to talk to a registry: HTTPS with verification; for loopback hosts HTTP, unless certificates are given for
 * them; for a registry that may speak HTTP whatever one request to `/v2/` finds the first time. A certificate that is not
 * trusted is an error there too: HTTP would give up more than the user said.
 */
export function createEndpoints({ access, ...options }: EndpointOptions): Endpoints {
  const known = new Map<string, Promise<Endpoint>>();

  async function find(registry: string, use: Use): Promise<Endpoint> {
    const host = API_HOSTS[registry] ?? registry;
    const mayBeInsecure = isInsecure(access, registry, use);
    const { tls, isOwn } = await tlsSettings(registry, use, access);
    const dispatcher = await options.dispatcher(tls);
    const http = { registry, origin: `http://${host}`, verified: false, dispatcher };
    const https = { registry, origin: `https://${host}`, verified: tls.rejectUnauthorized, dispatcher };
    if (isLoopback(registry) && !isOwn && !mayBeInsecure) return http;
    if (!mayBeInsecure && !access.plainHttp?.includes(use)) return https;
    return (await answers(https)) ? https : http;
  }

  async function answers(endpoint: Endpoint): Promise<boolean> {
    try {
      const response = await endpoint.dispatcher.request({
        origin: endpoint.origin,
        path: '/v2/',
        method: 'GET',
        headersTimeout: options.probeTimeoutMs,
        bodyTimeout: options.probeTimeoutMs,
      });
      await response.body.dump();
      return true;
    } catch (error) {
      if (isBrokenConnection(error) || speaksNoTls(error)) return false;
      throw connectionError(error, 'GET /v2/', endpoint.registry);
    }
  }

  return {
    async of(registry, use, signal) {
      const key = `${use} ${registry}`;
      const before = known.get(key);
      if (before) return untilAbort(before, signal);
      // Others may wait for the same answer, so an abort of the request that asks first must not end the asking.
      const search = find(registry, use);
      known.set(key, search);
      search.catch(() => known.delete(key));
      return untilAbort(search, signal);
    },
  };
}

/** localhost, 127.0.0.0/8 and ::1, with or without a port. */
export function isLoopback(registry: string): boolean {
  const host = hostOf(registry);
  return host === 'localhost' || host === '[::1]' || (isIPv4(host) && host.startsWith('127.'));
}
