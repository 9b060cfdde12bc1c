import { VarveError } from '../errors.ts';
import { redactUrl } from '../io/redact.ts';
import { type GitUrl, parseAddress, parseGitUrl } from './git-url.ts';

/** What of which repository, as BuildKit's git references say it. Empty texts stand for what was not said. */
export interface GitReference {
  /** The repository's address; `github.com/…` without its scheme. */
  readonly remote: string;
  /** The repository's last name, without `.git`. */
  readonly shortName: string;
  /** Branch, tag, full ref or commit. */
  readonly ref: string;
  /** The commit that the ref must lead to, or its first digits. */
  readonly checksum: string;
  readonly subdir: string;
  /** The text could as well be a path: `github.com/…`. */
  readonly looksLocal: boolean;
  readonly keepGitDir?: boolean;
  readonly submodules?: boolean;
  /** The mtime of all files: the commit's time, or that of the checkout. */
  readonly mtime?: 'checkout' | 'commit';
  /** The server's certificate is not checked. */
  readonly skipTlsVerify?: boolean;
  /** Fetch the commit that `checksum` names, whatever the ref leads to by now. */
  readonly fetchByCommit: boolean;
}

/** 40 hex digits, or 64 in a repository of sha256. */
export function isCommitId(text: string): boolean {
  return /^(?:[a-f0-9]{40}|[a-f0-9]{64})$/.test(text);
}

/**
 * Reads a git reference; undefined for a text that is none, which may be a path or another URL.
 * @throws VarveError `GIT_REFERENCE` when it is one and its options are wrong
 * @see https://github.com/moby/buildkit/blob/master/frontend/dockerfile/dfgitutil/git_ref.go
 */
export function parseGitReference(text: string): GitReference | undefined {
  if (text.startsWith('./') || text.startsWith('../')) return undefined;
  const looksLocal = text.startsWith('github.com/');
  const url = looksLocal ? parseAddress('https', text) : parseGitUrl(text);
  if (typeof url === 'string') return undefined;
  const isWeb = url.scheme === 'http' || url.scheme === 'https';
  if (isWeb && !looksLocal && !url.path.endsWith('.git')) return undefined;
  const remote = looksLocal ? url.remote.slice('https://'.length) : url.remote;
  const options = readOptions(url, text);
  const fromName = options.ref || (options.fetchByCommit ? '' : options.checksum);
  if (fromName.startsWith('-')) throw wrong(text, `${JSON.stringify(fromName)} is no name of a branch, tag or commit`);
  return {
    remote,
    shortName: remote.slice(remote.lastIndexOf('/') + 1).replace(/\.git$/, ''),
    looksLocal,
    ...options,
    ref: fromName,
  };
}

/**
 * The reference in its short form `remote#ref:subdir`; the text itself when it is no good git reference.
 * @param withSubdir whether the subdirectory is part of it
 */
export function gitFragmentForm(text: string, withSubdir: boolean): { readonly result: string; readonly ok: boolean } {
  let reference: GitReference | undefined;
  try {
    reference = parseGitReference(text);
  } catch {
    // A wrong one stays as it is.
  }
  if (!reference) return { result: text, ok: false };
  const subdir = withSubdir ? reference.subdir.replace(/^\/+/, '') : '';
  const fragment = subdir === '' ? reference.ref : `${reference.ref}:${subdir}`;
  return { result: fragment === '' ? reference.remote : `${reference.remote}#${fragment}`, ok: true };
}

/** The address as git takes it. */
export function gitAddress({ remote, looksLocal }: Pick<GitReference, 'remote' | 'looksLocal'>): string {
  return looksLocal ? `https://${remote}` : remote;
}

/** The address as people may read it: without user and password. */
export function shownAddress(remote: string): string {
  return remote.includes('://') ? redactUrl(remote) : remote;
}

type Options = Omit<GitReference, 'remote' | 'shortName' | 'looksLocal'>;

function readOptions({ query, fragment }: GitUrl, text: string): Options {
  const taken = new Map<string, string | undefined>();
  for (const [key, values] of query) taken.set(key, oneValue(key, values, text));
  for (const key of taken.keys()) if (!KEYS.has(key)) throw wrong(text, `unexpected query ${JSON.stringify(key)}`);
  const agree = (what: string, a: string, b: string | undefined): string => {
    if (a !== '' && b !== undefined && a !== b)
      throw wrong(text, `${what} conflicts: ${JSON.stringify(a)} vs ${JSON.stringify(b)}`);
    return b ?? a;
  };
  const tag = prefixed('refs/tags/', taken.get('tag'));
  const branch = prefixed('refs/heads/', taken.get('branch'));
  let ref = agree('ref', fragment?.ref ?? '', taken.get('ref'));
  ref = agree('ref', ref, tag);
  if (tag !== undefined && branch !== undefined) throw wrong(text, 'branch conflicts with tag');
  ref = agree('ref', ref, branch);
  const mtime = taken.get('mtime');
  if (mtime !== undefined && mtime !== 'checkout' && mtime !== 'commit')
    throw wrong(text, `invalid mtime value: ${JSON.stringify(mtime)} (must be "checkout" or "commit")`);
  const keepGitDir = flag('keep-git-dir', taken, text);
  const submodules = flag('submodules', taken, text);
  return {
    ref,
    subdir: agree('subdir', fragment?.subdir ?? '', taken.get('subdir')),
    checksum: agree('commit', taken.get('checksum') ?? '', taken.get('commit')),
    fetchByCommit: flag('fetch-by-commit', taken, text) ?? false,
    ...(keepGitDir === undefined ? {} : { keepGitDir }),
    ...(submodules === undefined ? {} : { submodules }),
    ...(mtime === undefined ? {} : { mtime }),
  };
}

const FLAGS: ReadonlySet<string> = new Set(['keep-git-dir', 'submodules', 'fetch-by-commit']);
const KEYS: ReadonlySet<string> = new Set([
  ...FLAGS,
  ...['ref', 'tag', 'branch', 'subdir', 'checksum', 'commit', 'mtime'],
]);

function oneValue(key: string, values: readonly string[], text: string): string | undefined {
  if (values.length > 1) throw wrong(text, `query ${JSON.stringify(key)} has multiple values`);
  const value = values[0] ?? '';
  if (value !== '') return value;
  if (FLAGS.has(key)) return undefined;
  throw wrong(text, `query ${JSON.stringify(key)} has no value`);
}

/** Go's strconv.ParseBool; a name without a value is true. */
function flag(key: string, taken: ReadonlyMap<string, string | undefined>, text: string): boolean | undefined {
  if (!taken.has(key)) return undefined;
  const value = taken.get(key);
  if (value === undefined || /^(1|t|T|TRUE|true|True)$/.test(value)) return true;
  if (/^(0|f|F|FALSE|false|False)$/.test(value)) return false;
  throw wrong(text, `invalid ${key} value: ${JSON.stringify(value)}`);
}

function prefixed(prefix: string, name: string | undefined): string | undefined {
  return name === undefined || name.startsWith(prefix) ? name : prefix + name;
}

function wrong(text: string, why: string): VarveError {
  const address = shownAddress(text.split(/[?#]/, 1)[0] ?? '');
  return new VarveError('GIT_REFERENCE', `git reference ${address}: ${why}`, {
    hint: 'REMOTE#REF:SUBDIR, or REMOTE?ref=|tag=|branch=|subdir=|checksum=|keep-git-dir=|submodules=|mtime=|fetch-by-commit=',
    exitCode: 2,
  });
}
