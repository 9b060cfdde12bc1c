import { BlockList, isIP } from 'node:net';
import { VarveError } from '../errors.ts';
import { redactUrl } from './redact.ts';

/** The proxies of a machine, as the variables HTTP_PROXY, HTTPS_PROXY and NO_PROXY have them. */
export interface ProxySettings {
  readonly http?: string;
  readonly https?: string;
  /** Hosts that are reached without. */
  readonly no?: string;
}

/** Says through which proxy a URL is reached; undefined is directly. */
export type ChooseProxy = (url: URL) => URL | undefined;

/** A host that is reached without a proxy, on one port or all. */
interface Exception {
  readonly port: string;
  matches(host: string): boolean;
}

const DEFAULT_PORTS: Readonly<Record<string, string>> = { 'http:': '80', 'https:': '443' };

/**
 * Go's rules, which docker and kaniko go by: http URLs take the one proxy and https URLs the other; localhost and
 * loopback addresses take none, whatever is said; NO_PROXY has hosts (and all below them), `.domain` and `*.domain`
 * (only what is below), addresses and networks in CIDR form, each but the last with a port or without, or `*`.
 * @returns throws VarveError `PROXY_INVALID` for a URL that would take a proxy which is none of http and https
 * @see https://pkg.go.dev/golang.org/x/net/http/httpproxy
 */
export function chooseProxy({ http, https, no = '' }: ProxySettings): ChooseProxy {
  const words = no.split(',').map((word) => word.trim().toLowerCase());
  const exceptions = words.filter((word) => word !== '' && word !== '*').flatMap(exceptionOf);
  const isOff = words.includes('*');
  return ({ protocol, hostname, port }) => {
    const text = protocol === 'https:' ? https : http;
    if (!text || isOff) return undefined;
    const host = bare(hostname.toLowerCase());
    if (host === 'localhost' || isLoopback(host)) return undefined;
    const at = port || (DEFAULT_PORTS[protocol] ?? '');
    if (exceptions.some((exception) => (exception.port === '' || exception.port === at) && exception.matches(host)))
      return undefined;
    return parseProxy(text, protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY');
  };
}

/** `host:port` is an http proxy. */
function parseProxy(text: string, name: string): URL {
  const full = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  if (URL.canParse(full)) {
    const url = new URL(full);
    if (url.hostname !== '' && (url.protocol === 'http:' || url.protocol === 'https:')) return url;
  }
  throw new VarveError('PROXY_INVALID', `${name}=${redactUrl(full)} is no proxy that varve can use`, {
    hint: 'a proxy is http://HOST:PORT or https://HOST:PORT; hosts that need none are in NO_PROXY',
  });
}

function exceptionOf(word: string): Exception[] {
  const [, network = '', bits = ''] = /^(.+)\/(\d{1,3})$/.exec(word) ?? [];
  if (isIP(network) && Number(bits) <= (isIP(network) === 4 ? 32 : 128))
    return [{ port: '', matches: inNetwork(network, Number(bits)) }];
  const [, named, port = ''] = isIP(word) ? [] : (/^(.*):(\d*)$/.exec(word) ?? []);
  const host = bare(named ?? word);
  if (host === '') return [];
  if (isIP(host)) return [{ port, matches: inNetwork(host, isIP(host) === 4 ? 32 : 128) }];
  const domain = host.replace(/^\*\./, '.');
  if (domain.startsWith('.')) return [{ port, matches: (asked) => asked.endsWith(domain) }];
  return [{ port, matches: (asked) => asked === domain || asked.endsWith(`.${domain}`) }];
}

function inNetwork(network: string, bits: number): (host: string) => boolean {
  const list = new BlockList();
  list.addSubnet(network, bits, isIP(network) === 4 ? 'ipv4' : 'ipv6');
  return (host) => isIP(host) !== 0 && list.check(host, isIP(host) === 4 ? 'ipv4' : 'ipv6');
}

function isLoopback(host: string): boolean {
  return inNetwork('127.0.0.0', 8)(host) || inNetwork('::1', 128)(host);
}

/** Without the brackets of an IPv6 address. */
function bare(host: string): string {
  return host.replace(/^\[(.*)\]$/, '$1');
}
