import type { ProxySettings } from './choose-proxy.ts';
import { createHttpAgent } from './http-agent.ts';
import { readAuthorities } from './read-authorities.ts';

export interface TextRequest {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** For all of it, in ms. */
  readonly timeoutMs: number;
  /** Through no proxy: the server is on the machine's own link, and what it says is for this machine only. */
  readonly direct?: boolean;
}

/** One request and its answer, whole, whatever its status. Redirects are answers: what was sent is for one host. */
export type FetchText = (
  url: string,
  request: TextRequest,
) => Promise<{ readonly status: number; readonly text: string }>;

export interface FetchTextOptions {
  /** Through which HTTP(S) goes out. */
  readonly proxies: ProxySettings;
  /** Files and directories in PEM with authorities that are trusted besides Node's. */
  readonly authorities: readonly string[];
  /** By host (with its port, if it has one), a file of authorities that are trusted for it too. */
  readonly certificates?: ReadonlyMap<string, string>;
  readonly userAgent: string;
}

/** Documents of token services are a few KiB. */
const LIMIT_BYTES = 1024 * 1024;

/**
 * Requests that are few and far apart, as those for tokens: each has a connection of its own, so there is nothing to close.
 * @returns throws Error when there is no answer within the time or it has more than 1 MiB
 */
export function createFetchText({ proxies, authorities, certificates, userAgent }: FetchTextOptions): FetchText {
  return async (url, { method, headers, body, timeoutMs, direct = false }) => {
    const { request } = (await import('undici')).default;
    const own = certificates?.get(new URL(url).host);
    const ca = url.startsWith('https:') ? readAuthorities(own === undefined ? authorities : [...authorities, own]) : [];
    const agent = await createHttpAgent({
      proxies: direct ? {} : proxies,
      rejectUnauthorized: true,
      ...(ca.length ? { ca } : {}),
    });
    try {
      const answer = await request(url, {
        method,
        headers: { 'user-agent': userAgent, ...headers },
        body: body ?? null,
        dispatcher: agent,
        signal: AbortSignal.timeout(timeoutMs),
      });
      const chunks: Buffer[] = [];
      let size = 0;
      for await (const chunk of answer.body as AsyncIterable<Buffer>) {
        size += chunk.length;
        if (size > LIMIT_BYTES) throw new Error(`an answer of more than ${LIMIT_BYTES} bytes`);
        chunks.push(chunk);
      }
      return { status: answer.statusCode, text: Buffer.concat(chunks).toString('utf8') };
    } finally {
      await agent.destroy();
    }
  };
}
