import type { Dispatcher } from 'undici';
import { chooseProxy, type ProxySettings } from './choose-proxy.ts';

export interface HttpAgentOptions {
  readonly proxies: ProxySettings;
  /** Whether a server's certificate is checked. That of a proxy always is. */
  readonly rejectUnauthorized: boolean;
}

/**
 * Connections for HTTP(S), through the proxies that the machine asks for: plain HTTP by the whole URL, HTTPS by a tunnel.
 * Loading undici takes 50 ms: whoever asks nobody goes without.
 */
export async function createHttpAgent({ proxies, rejectUnauthorized }: HttpAgentOptions): Promise<Dispatcher> {
  // Its default export, because a bundle of CommonJS has no other.
  const { default: undici } = await import('undici');
  const requestTls = { rejectUnauthorized };
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

/** Basic authentication, when the proxy's URL has a user. */
function credentials({ username, password }: URL): { readonly token?: string } {
  if (username === '') return {};
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { token: `Basic ${Buffer.from(pair).toString('base64')}` };
}
