import type { Readable } from 'node:stream';
import { Agent, interceptors, request } from 'undici';

/** Redirects that are followed, as Go's net/http does. */
const MAX_REDIRECTIONS = 10;
/** Longest silence of a server, in ms. */
const SILENCE_MS = 60_000;

/** GET over HTTP(S) for ADD of a URL. */
export interface HttpFetcher {
  fetch(
    url: string,
    signal: AbortSignal,
  ): Promise<{
    readonly status: number;
    readonly headers: Readonly<Record<string, string | string[] | undefined>>;
    readonly body: Readable;
  }>;
  close(): Promise<void>;
}

export function createHttpFetcher(userAgent: string): HttpFetcher {
  const agent = new Agent({ headersTimeout: SILENCE_MS, bodyTimeout: SILENCE_MS });
  const dispatcher = agent.compose(interceptors.redirect({ maxRedirections: MAX_REDIRECTIONS }));
  return {
    async fetch(url, signal) {
      const { statusCode, headers, body } = await request(url, {
        dispatcher,
        signal,
        headers: { 'user-agent': userAgent },
      });
      return { status: statusCode, headers, body };
    },
    close: () => agent.close(),
  };
}
