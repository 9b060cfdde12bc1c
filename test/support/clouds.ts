import type { IncomingMessage } from 'node:http';
import type { ExecutionContext } from 'ava';
import { createFetchText } from '../../src/io/fetch-text.ts';
import { defaultRetryPolicy } from '../../src/io/retry.ts';
import { cloudCredentials } from '../../src/registry/cloud-credentials.ts';
import type { CloudContext, Environment } from '../../src/registry/cloud-request.ts';
import { json, readBody, startFake } from './fake-registry.ts';

export interface Asked {
  readonly method: string;
  /** As the code under test wrote it: the whole URL. */
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** By `METHOD URL`: a text, an object for JSON, a status alone, or undefined for 404. */
export type Answers = Readonly<Record<string, (asked: Asked) => unknown>>;

/** Clouds on this machine: every request goes to a local server, which knows where it was meant to go. */
export async function clouds(t: ExecutionContext, env: Environment, answers: Answers) {
  const asked: Asked[] = [];
  const warnings: string[] = [];
  const directly: string[] = [];
  const fetchText = createFetchText({ proxies: {}, authorities: [], userAgent: 'varve-test/1' });
  let now = Date.UTC(2026, 0, 1);
  const server = await startFake(async (request, response) => {
    const url = decodeURIComponent((request.url ?? '').slice(1));
    const seen = { method: request.method!, url, headers: request.headers, body: (await readBody(request)).toString() };
    asked.push(seen);
    const answer = answers[`${seen.method} ${url}`]?.(seen);
    if (answer === undefined) return json(response, 404, { message: 'no such thing' });
    if (typeof answer === 'number') return json(response, answer, {});
    if (typeof answer === 'string') return void response.end(answer);
    json(response, 200, answer);
  });
  t.teardown(() => server[Symbol.asyncDispose]());
  const context: CloudContext = {
    env,
    fetch: async (url, { direct, ...call }) => {
      if (!Object.keys(answers).some((key) => key.split(' ')[1]!.startsWith(new URL(url).origin))) {
        const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
        return Promise.reject(refused);
      }
      if (direct) directly.push(new URL(url).host);
      return fetchText(`${server.origin}/${encodeURIComponent(url)}`, call);
    },
    retryPolicy: { ...defaultRetryPolicy, sleep: async () => {} },
    clock: { now: () => now, monotonic: () => now },
    log: { warn: (text) => void warnings.push(text), debug: () => {} },
  };
  const source = cloudCredentials(context);
  return {
    asked,
    warnings,
    /** Hosts that were asked through no proxy. */
    directly,
    pass: (ms: number) => void (now += ms),
    credential: (registry: string) => source.credential({ registry, repository: 'team/app' }),
  };
}
