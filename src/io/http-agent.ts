import { createSecureContext, getCACertificates } from 'node:tls';
import type { Dispatcher } from 'undici';
import { VarveError } from '../errors.ts';
import { chooseProxy, type ProxySettings } from './choose-proxy.ts';

/** How TLS is spoken with a server. */
export interface TlsSettings {
  /** Whether a server's certificate is checked. That of a proxy always is. */
  readonly rejectUnauthorized: boolean;
  /** Authorities in PEM that are trusted besides Node's. */
  readonly ca?: readonly string[];
  /** The certificate that says who we are, and its key, in PEM. */
  readonly client?: { readonly cert: string; readonly key: string };
}

export interface HttpAgentOptions extends TlsSettings {
  readonly proxies: ProxySettings;
}

/**
 * Connections for HTTP(S), through the proxies that the machine asks for: plain HTTP by the whole URL, HTTPS by a tunnel.
 * Loading undici takes 50 ms: whoever asks nobody goes without.
 * @throws VarveError `TLS_CERTIFICATE` for certificates that cannot be used
 */
export async function createHttpAgent({ proxies, ...tls }: HttpAgentOptions): Promise<Dispatcher> {
  // Its default export, because a bundle of CommonJS has no other.
  const { default: undici } = await import('undici');
  const requestTls = connectOptions(tls);
  const direct = new undici.Agent({ connect: requestTls });
  if (!proxies.http && !proxies.https) return direct;
  const choose = chooseProxy(proxies);
  const through = new Map<string, Dispatcher>();
  const agentFor = (url: URL): Dispatcher => {
    const proxy = choose(url);
    if (!proxy) return direct;
    const known = through.get(proxy.href);
    if (known) return known;
    const agent = new undici.ProxyAgent({ uri: proxy.origin, ...credentials(proxy), requestTls, proxyTunnel: false });
    through.set(proxy.href, agent);
    return agent;
  };
  const all = (): Dispatcher[] => [direct, ...through.values()];
  return new (class extends undici.Dispatcher {
    override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
      return agentFor(new URL(String(options.origin))).dispatch(options, handler);
    }
    override async close(): Promise<void> {
      await Promise.all(all().map((each) => each.close()));
    }
    override async destroy(): Promise<void> {
      await Promise.all(all().map((each) => each.destroy()));
    }
  })();
}

function connectOptions({ rejectUnauthorized, ca, client }: TlsSettings) {
  if (rejectUnauthorized && !ca && !client) return { rejectUnauthorized };
  try {
    // Made once: a context of 150 authorities takes 30 ms, and tls.connect would make one for each connection.
    // None where nothing is checked.
    const secureContext = createSecureContext({
      ca: rejectUnauthorized ? allOnce([...getCACertificates('default'), ...(ca ?? [])]) : [],
      ...(client ? { cert: client.cert, key: client.key } : {}),
    });
    return { rejectUnauthorized, secureContext };
  } catch (error) {
    throw new VarveError('TLS_CERTIFICATE', `the certificates cannot be used: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

/** What Node and the machine both trust is read once. */
function allOnce(certificates: readonly string[]): string[] {
  return [...new Set(certificates.map((certificate) => certificate.trim()))];
}

/** Basic authentication, when the proxy's URL has a user. */
function credentials({ username, password }: URL): { readonly token?: string } {
  if (username === '') return {};
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { token: `Basic ${Buffer.from(pair).toString('base64')}` };
}
