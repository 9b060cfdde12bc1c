/** A git repository's address, taken apart, with what BuildKit puts behind it. */
export interface GitUrl {
  readonly scheme: 'http' | 'https' | 'ssh' | 'git';
  /** With its port. */
  readonly host: string;
  readonly path: string;
  /** `user` or `user:password`; empty without. */
  readonly user: string;
  /** From the fragment `#ref:subdir`. */
  readonly fragment?: { readonly ref: string; readonly subdir: string };
  readonly query: ReadonlyMap<string, readonly string[]>;
  /** What git is given: without fragment and query. */
  readonly remote: string;
}

/** Why a text is no git address. */
export type GitUrlFailure = 'unknown protocol' | 'invalid protocol' | 'invalid address';

const SCHEMES: ReadonlySet<string> = new Set(['http', 'https', 'ssh', 'git']);
const SCHEME = /^[a-zA-Z0-9]+:\/\//;
const ADDRESS = /^([^/?#]*)([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/s;
/** `git@host:path`. @see moby/buildkit util/sshutil/scpurl.go */
const SCP_STYLE = /^([a-zA-Z0-9_-]+)@([a-zA-Z0-9.-]+):(.*?)(?:\?(.*?))?(?:#(.*))?$/s;
/** What no address has; in an argument or an environment variable it would end a line. */
const CONTROL = /[\x00-\x1f\x7f]/;

/**
 * Takes an http, https, ssh or git URL, or `user@host:path`, apart; nothing is fetched.
 * @see https://github.com/moby/buildkit/blob/master/util/gitutil/git_url.go
 */
export function parseGitUrl(text: string): GitUrl | GitUrlFailure {
  if (CONTROL.test(text)) return 'invalid address';
  const prefix = SCHEME.exec(text)?.[0];
  if (prefix === undefined) return parseScpStyle(text);
  const scheme = prefix.slice(0, -'://'.length).toLowerCase();
  return SCHEMES.has(scheme) ? parseAddress(scheme as GitUrl['scheme'], text.slice(prefix.length)) : 'invalid protocol';
}

/** What follows `scheme://`. */
export function parseAddress(scheme: GitUrl['scheme'], rest: string): GitUrl | GitUrlFailure {
  const [, authority = '', path = '', query, fragment] = ADDRESS.exec(rest) ?? [];
  const at = authority.lastIndexOf('@');
  const user = at < 0 ? '' : authority.slice(0, at);
  const host = authority.slice(at + 1);
  if (/[\s<>"\\^`{|}]/.test(host)) return 'invalid address';
  const decodedPath = decoded(path);
  const decodedFragment = fragment === undefined ? undefined : decoded(fragment);
  if (decodedPath === undefined || (fragment !== undefined && decodedFragment === undefined)) return 'invalid address';
  return {
    scheme,
    host,
    path: decodedPath,
    user,
    query: parseQuery(query),
    remote: `${scheme}://${authority}${path}`,
    ...splitFragment(decodedFragment),
  };
}

function parseScpStyle(text: string): GitUrl | GitUrlFailure {
  const match = SCP_STYLE.exec(text);
  if (!match) return 'unknown protocol';
  const [, user = '', host = '', path = '', query, fragment] = match;
  const remote = `${user}@${host}:${path}`;
  return { scheme: 'ssh', host, path, user, query: parseQuery(query), remote, ...splitFragment(fragment) };
}

function splitFragment(text: string | undefined): Pick<GitUrl, 'fragment'> {
  if (!text) return {};
  const colon = text.indexOf(':');
  if (colon < 0) return { fragment: { ref: text, subdir: '' } };
  return { fragment: { ref: text.slice(0, colon), subdir: text.slice(colon + 1) } };
}

function parseQuery(text: string | undefined): Map<string, string[]> {
  const query = new Map<string, string[]>();
  for (const [key, value] of new URLSearchParams(text ?? '')) {
    const values = query.get(key);
    if (values) values.push(value);
    else query.set(key, [value]);
  }
  return query;
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
