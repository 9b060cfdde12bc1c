import type { ProxySettings } from '../io/choose-proxy.ts';

/** The upper-case name goes first, as in Go; curl, and git with it, takes `http_proxy` in lower case only. */
export function proxySettings(env: Readonly<Record<string, string | undefined>>): ProxySettings {
  const value = (name: string): string | undefined => env[name] || env[name.toLowerCase()] || undefined;
  const [http, https, no] = [value('HTTP_PROXY'), value('HTTPS_PROXY'), value('NO_PROXY')];
  return { ...(http ? { http } : {}), ...(https ? { https } : {}), ...(no ? { no } : {}) };
}
