import type { Dispatcher } from 'undici';
import * as z from 'zod';
import { VarveError } from '../errors.ts';
import { redactUrl } from '../io/redact.ts';
import { type RetryPolicy, retry } from '../io/retry.ts';
import type { Challenge } from './challenge.ts';
import { connectionError, isBrokenConnection } from './connection-error.ts';
import type { Credential } from './credential-source.ts';
import type { Endpoint } from './endpoint.ts';
import { isLoopback } from './endpoint.ts';
import { readBounded, refusalError, refusalOf } from './registry-error.ts';
import type { Scope } from './scope.ts';
import { isRetryableStatus, type TransportContext } from './transport-context.ts';

/** Tokens of the large clouds are below 16 KiB; 256 KiB leaves room and bounds memory. */
const TOKEN_BODY_LIMIT_BYTES = 256 * 1024;
/** @see https://distribution.github.io/distribution/spec/auth/token/ "expires_in" */
const DEFAULT_EXPIRY_SECONDS = 60;
/** A token counts as expired after this part of its time, so that it doesn't expire on the way. */
const USABLE_PART = 0.9;
const CLIENT_ID = 'varve';

export interface Token {
  readonly value: string;
  /** In the clock's ms. */
  readonly expires: number;
}

const tokenSchema = z.looseObject({
  token: z.string().optional(),
  access_token: z.string().optional(),
  expires_in: z.number().optional(),
});

export interface TokenRequest {
  readonly endpoint: Endpoint;
  readonly challenge: Challenge;
  readonly scopes: readonly Scope[];
  readonly credential: Credential | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Asks the realm of a Bearer challenge for a token: GET, with the password as Basic; POST for an identity token.
 * @throws VarveError `REGISTRY_AUTH` when it is refused or the answer holds no token
 * @see https://distribution.github.io/distribution/spec/auth/token/ and .../spec/auth/oauth/
 */
export async function fetchToken(
  request: TokenRequest,
  context: TransportContext,
  policy: RetryPolicy,
): Promise<Token> {
  const { endpoint, challenge, signal } = request;
  const realm = realmUrl(request);
  const what = `token for ${endpoint.registry} from ${redactUrl(realm)}`;
  return retry(
    async () => {
      const asked = context.clock.now();
      let response: Dispatcher.ResponseData;
      try {
        context.counters.add('registry.tokens');
        context.counters.add('registry.requests');
        response = await endpoint.dispatcher.request({
          ...tokenCall(realm, request),
          headersTimeout: context.silenceMs,
          bodyTimeout: context.silenceMs,
          ...(signal ? { signal } : {}),
        });
      } catch (error) {
        throw connectionError(error, what, realm.host, signal);
      }
      context.log.debug(`${realm.host}: token for ${request.scopes.join(' ') || 'no scope'}: ${response.statusCode}`);
      if (response.statusCode !== 200) {
        const error = await refusalError(response, {
          what,
          registry: realm.host,
          redactor: context.redactor,
          now: context.clock.now(),
        });
        if (response.statusCode === 400 || response.statusCode === 403) {
          const { hint, cause } = error;
          throw new VarveError('REGISTRY_AUTH', error.message, { ...(hint ? { hint } : {}), cause });
        }
        throw error;
      }
      const { text, broken } = await readBounded(response.body, TOKEN_BODY_LIMIT_BYTES);
      if (broken !== undefined) throw connectionError(broken, what, realm.host, signal);
      return readToken(text, what, asked, context);
    },
    {
      policy,
      signal,
      verdict: (error) => {
        const refusal = refusalOf(error);
        if (refusal) return isRetryableStatus(refusal.status) && { afterMs: refusal.retryAfterMs };
        return isBrokenConnection(error) && {};
      },
      onRetry: () => context.counters.add('registry.retries'),
    },
  );

  function realmUrl({ credential }: TokenRequest): URL {
    const text = challenge.parameters.realm ?? '';
    const url = URL.canParse(text, endpoint.origin) ? new URL(text, endpoint.origin) : undefined;
    if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
      throw new VarveError(
        'REGISTRY_PROTOCOL',
        `${endpoint.registry} sends for tokens to ${JSON.stringify(text.slice(0, 200))}, which is no URL`,
      );
    }
    if (credential && url.protocol === 'http:' && endpoint.origin.startsWith('https:') && !isLoopback(url.host)) {
      throw new VarveError(
        'REGISTRY_AUTH',
        `${endpoint.registry} wants the credentials sent to ${url.origin} without encryption, which varve does not do`,
      );
    }
    return url;
  }
}

type Call = Pick<Dispatcher.RequestOptions, 'origin' | 'path' | 'method'> & {
  headers: Record<string, string>;
  body?: string;
};

function tokenCall(realm: URL, { challenge, scopes, credential }: TokenRequest): Call {
  const service = challenge.parameters.service;
  if (credential?.kind === 'identity-token') {
    const form = new URLSearchParams({
      grant_type: 'refresh_token',
      refresh_token: credential.token,
      client_id: CLIENT_ID,
      ...(service === undefined ? {} : { service }),
      ...(scopes.length ? { scope: scopes.join(' ') } : {}),
    });
    const headers = { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' };
    return {
      origin: realm.origin,
      path: realm.pathname + realm.search,
      method: 'POST',
      headers,
      body: form.toString(),
    };
  }
  const url = new URL(realm);
  if (service !== undefined) url.searchParams.set('service', service);
  for (const scope of scopes) url.searchParams.append('scope', scope);
  const headers: Record<string, string> = { accept: 'application/json' };
  if (credential?.kind === 'password') {
    url.searchParams.set('account', credential.username);
    headers.authorization = basicAuthorization(credential.username, credential.password);
  }
  return { origin: url.origin, path: url.pathname + url.search, method: 'GET', headers };
}

export function basicAuthorization(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}`;
}

function readToken(text: string, what: string, asked: number, context: TransportContext): Token {
  let parsed: z.infer<typeof tokenSchema> | undefined;
  try {
    parsed = tokenSchema.parse(JSON.parse(text));
  } catch {
    parsed = undefined;
  }
  const value = parsed?.token || parsed?.access_token;
  if (!value || !/^[\x21-\x7e]+$/.test(value)) {
    throw new VarveError('REGISTRY_AUTH', `${what}: the answer holds no token`);
  }
  context.redactor.hide(value);
  const seconds = parsed?.expires_in && parsed.expires_in > 0 ? parsed.expires_in : DEFAULT_EXPIRY_SECONDS;
  return { value, expires: asked + seconds * 1000 * USABLE_PART };
}
