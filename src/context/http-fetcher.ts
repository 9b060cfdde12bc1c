import type { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import type { ProxySettings } from '../io/choose-proxy.ts';
import { createHttpAgent } from '../io/http-agent.ts';
import { readAuthorities } from '../io/read-authorities.ts';

/** Redirects that are followed, as Go's net/http does. */
const MAX_REDIRECTIONS = 10;
/** Longest silence of a server, in ms. */
const SILENCE_MS = 60_000;

/** GET over HTTP(S), redirects followed (`Authorization` stays with its host). Header names of answers are lower-case. */
export interface HttpFetcher {
  fetch(
    url: string,
    signal: AbortSignal,
    headers?: Readonly<Record<string, string>>,
  ): Promise<{
    readonly status: number;
    readonly headers: Readonly<Record<string, string | string[] | undefined>>;
    readonly body: Readable;
  }>;
  close(): Promise<void>;
}

/**
 * undici is loaded with the first request: it takes 50 ms.
 * @param authorities files in PEM that are trusted besides Node's
 */
export function createHttpFetcher(
  userAgent: string,
  proxies: ProxySettings,
  authorities: readonly string[] = [],
): HttpFetcher {
  let client: Promise<Client> | undefined;
  return {
    async fetch(url, signal, more = {}) {
      client ??= makeClient(proxies, authorities);
      const { request, dispatcher } = await client;
      const { statusCode, headers, body } = await request(url, {
        dispatcher,
        signal,
        headersTimeout: SILENCE_MS,
        bodyTimeout: SILENCE_MS,
        headers: { 'user-agent': userAgent, ...more },
      });
      return { status: statusCode, headers, body };
    },
    close: async () => (await client)?.dispatcher.close(),
  };
}

interface Client {
  readonly request: typeof import('undici').request;
  readonly dispatcher: Dispatcher;
}

async function makeClient(proxies: ProxySettings, authorities: readonly string[]): Promise<Client> {
  // Its default export, because a bundle of CommonJS has no other.
  const { interceptors, request } = (await import('undici')).default;
  const ca = readAuthorities(authorities);
  const agent = await createHttpAgent({ proxies, rejectUnauthorized: true, ...(ca.length ? { ca } : {}) });
  return { request, dispatcher: agent.compose(interceptors.redirect({ maxRedirections: MAX_REDIRECTIONS })) };
}
