import type { Dispatcher } from 'undici';
import type { ProxySettings } from '../io/choose-proxy.ts';
import type { Clock } from '../io/clock.ts';
import { createHttpAgent, type TlsSettings } from '../io/http-agent.ts';
import type { Log } from '../io/log.ts';
import { createRedactor, type Redactor } from '../io/redact.ts';
import { defaultRetryPolicy, type RetryPolicy, withRetries } from '../io/retry.ts';
import { type Authorizer, createAuthorizer } from './authorizer.ts';
import { type Counters, noCounters } from './counters.ts';
import type { CredentialSource } from './credential-source.ts';
import { createEndpoints, type Endpoints } from './endpoint.ts';
import type { RegistryAccess } from './registry-access.ts';

export interface ConnectionOptions extends RegistryAccess {
  readonly credentials: CredentialSource;
  readonly userAgent: string;
  readonly log: Log;
  readonly clock: Clock;
  readonly counters?: Counters;
  /** Learns every credential that is used; one of its own when absent. */
  readonly redactor?: Redactor;
  /** Of this machine; none when absent. */
  readonly proxies?: ProxySettings;
  /** Makes the connections, for tests; called once with each value. Default: an undici Agent, or one through proxies. */
  readonly dispatcher?: (tls: TlsSettings) => Promise<Dispatcher>;
  readonly retryPolicy?: RetryPolicy;
}

/** What clients of different patience have in common: connections, how each registry is reached, tokens. */
export interface RegistryConnections {
  readonly endpoints: Endpoints;
  readonly authorizer: Authorizer;
  readonly redactor: Redactor;
  close(): Promise<void>;
}

/** @param silence the longest silence of a server, in ms */
export function createRegistryConnections(
  options: ConnectionOptions,
  silence: { readonly silenceMs: number; readonly uploadSilenceMs: number },
): RegistryConnections {
  const base = new Map<string, Promise<Dispatcher>>();
  const { proxies = {}, log, clock, counters = noCounters, redactor = createRedactor() } = options;
  const makeDispatcher = options.dispatcher ?? ((tls) => createHttpAgent({ proxies, ...tls }));
  const dispatcher = async (tls: TlsSettings): Promise<Dispatcher> => {
    const key = JSON.stringify(tls);
    const made = base.get(key) ?? makeDispatcher(tls);
    base.set(key, made);
    return (await made).compose(userAgent(options.userAgent));
  };
  const policy = withRetries(options.retryPolicy ?? defaultRetryPolicy, options.retries);
  return {
    endpoints: createEndpoints({ access: options, dispatcher, probeTimeoutMs: silence.silenceMs }),
    authorizer: createAuthorizer(options.credentials, { log, clock, counters, redactor, ...silence }, policy),
    redactor,
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
