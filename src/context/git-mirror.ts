import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { tryFileLock } from '../cas/file-lock.ts';
import { loadKernelCalls } from '../cas/kernel-calls.ts';
import type { Store } from '../cas/store.ts';
import { VarveError } from '../errors.ts';
import { digestHex, digestOf } from '../oci/digest.ts';
import { type Git, type GitCall, GitFailure } from './git-command.ts';
import { isCommitId, shownAddress } from './git-reference.ts';

/** A repository elsewhere: its address, and how git shows itself there, found out when it is asked for first. */
export interface GitRemote {
  readonly address: string;
  access(): Promise<Pick<GitCall, 'settings' | 'env'>>;
}

/** What a ref leads to. */
export interface GitTarget {
  readonly commit: string;
  /** The full name of the branch or tag; undefined for a commit. */
  readonly ref?: string;
  /** The annotated tag. */
  readonly tag?: string;
}

/** Bare repositories in the store, one for each remote: what was fetched once is not fetched again. */
export interface GitMirrors {
  /** What a ref (`` is the default branch) of a remote leads to now: one question to its server. */
  resolve(remote: GitRemote, ref: string): Promise<GitTarget>;
  /** Makes the commit with all of its files be there. @returns the bare repository's directory */
  fetch(remote: GitRemote, target: GitTarget): Promise<string>;
}

/** How often a mirror that another process fetches into is asked for again, in ms. */
const LOCK_POLL_MS = 50;
/** Hex digits of a mirror's name: 128 bits. */
const NAME_DIGITS = 32;

export function createGitMirrors(
  store: Pick<Store, 'path' | 'makeTemp' | 'hold'>,
  git: Git,
  signal: AbortSignal,
): GitMirrors {
  const root = join(store.path, 'git');
  const kernel = loadKernelCalls();

  const locked = async <T>(path: string, work: () => Promise<T>): Promise<T> => {
    let lock = tryFileLock(`${path}.lock`, kernel);
    while (!lock) {
      await sleep(LOCK_POLL_MS, undefined, { signal });
      lock = tryFileLock(`${path}.lock`, kernel);
    }
    try {
      return await work();
    } finally {
      lock.release();
    }
  };

  const make = async (path: string, isSha256: boolean): Promise<void> => {
    if (existsSync(path)) return;
    const temp = await store.makeTemp('git-mirror');
    const fresh = join(temp.path, 'bare');
    const format = isSha256 ? ['--object-format=sha256'] : [];
    await git.run(['init', '--quiet', '--bare', '--template=', ...format, fresh]);
    renameSync(fresh, path);
    await temp.remove();
  };

  return {
    async resolve(remote, ref) {
      if (isCommitId(ref)) return { commit: ref };
      const isDefault = ref === '' || ref === 'HEAD';
      const access = await accessTo(remote);
      const wanted = isDefault ? ['--symref', 'origin', 'HEAD'] : ['origin', ref, `${ref}^{}`];
      const listing = await failing(remote, git.run(['ls-remote', ...wanted], access));
      const target = isDefault ? defaultTarget(listing) : namedTarget(listing, ref);
      if (target) return target;
      throw new VarveError('GIT_REF', `${shownAddress(remote.address)} has no ${ref || 'default branch'}`, {
        hint: 'name a branch, a tag, a full ref (refs/…) or a whole commit id',
      });
    },
    async fetch(remote, target) {
      const identity = `${shownAddress(remote.address)} ${target.commit.length}`;
      const name = digestHex(digestOf(identity)).slice(0, NAME_DIGITS);
      const path = join(root, name);
      store.hold('git', name);
      mkdirSync(root, { recursive: true });
      await locked(path, async () => {
        await make(path, target.commit.length === 64);
        await fetchInto(git, path, remote, target);
      });
      return path;
    },
  };
}

async function accessTo({ address, access }: GitRemote): Promise<GitCall> {
  const { settings = [], env = {} } = await access();
  return { settings: [['remote.origin.url', address], ...settings], env };
}

async function fetchInto(git: Git, gitDir: string, remote: GitRemote, target: GitTarget): Promise<void> {
  const wanted = target.tag ?? target.commit;
  const has = (): Promise<boolean> =>
    git.run(['cat-file', '-e', `${wanted}^{commit}`], { gitDir }).then(
      () => true,
      () => false,
    );
  if (await has()) return;
  const access = await accessTo(remote);
  const fetch = (...args: string[]): Promise<string> =>
    git.run(['fetch', '--quiet', '--no-tags', '--no-write-fetch-head', '--force', ...args], { gitDir, ...access });
  const kept = `${wanted}:refs/varve/${wanted}`;
  // The smallest request first; old or simple servers refuse it.
  const ways: (() => Promise<string>)[] = [
    () => fetch('--depth=1', 'origin', kept),
    ...(target.ref === undefined ? [] : [() => fetch('--depth=1', 'origin', `${target.ref}:refs/varve/${wanted}`)]),
    () => fetch(...(existsSync(join(gitDir, 'shallow')) ? ['--unshallow'] : []), 'origin', '+refs/*:refs/remotes/*'),
  ];
  let refused: GitFailure | undefined;
  for (const way of ways) {
    try {
      await way();
    } catch (error) {
      if (!(error instanceof GitFailure)) throw error;
      refused = error;
      if (!isRefusal(error)) break;
    }
    if (await has()) return;
  }
  if (refused) throw failure(remote, refused);
  throw new VarveError('GIT_REF', `${shownAddress(remote.address)} has no commit ${target.commit}`, {
    hint: 'it was removed, or never pushed there',
  });
}

/** Whether the server doesn't do what was asked, though it may do something else. */
function isRefusal({ said }: GitFailure): boolean {
  return /shallow|--depth|not our ref|unadvertised|does not allow|couldn't find remote ref|bad object/i.test(said);
}

function defaultTarget(listing: string): GitTarget | undefined {
  const ref = /^ref: (\S+)\tHEAD$/m.exec(listing)?.[1];
  const commit = /^([a-f0-9]+)\tHEAD$/m.exec(listing)?.[1];
  if (commit === undefined || !isCommitId(commit)) return undefined;
  return ref === undefined ? { commit } : { commit, ref };
}

/** The full name first, then a branch, then a tag, as git checkout chooses. */
function namedTarget(listing: string, name: string): GitTarget | undefined {
  const found = new Map<string, string>();
  for (const line of listing.split('\n')) {
    const [id = '', ref = ''] = line.split('\t');
    if (isCommitId(id)) found.set(ref, id);
  }
  const plain = name.replace(/^refs\//, '');
  for (const ref of [`refs/${plain}`, `refs/heads/${name}`, `refs/tags/${name}`]) {
    const id = found.get(ref);
    const peeled = found.get(`${ref}^{}`);
    if (id !== undefined) return peeled === undefined ? { commit: id, ref } : { commit: peeled, ref, tag: id };
  }
  return undefined;
}

/** git's failure as the user's error. */
async function failing<T>(remote: GitRemote, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw error instanceof GitFailure ? failure(remote, error) : error;
  }
}

function failure(remote: GitRemote, error: GitFailure): VarveError {
  const lines = error.said.split('\n').filter((line) => line.trim() !== '');
  const said = lines.find((line) => /^(fatal|error|remote)/.test(line)) ?? lines[0] ?? '';
  const denied = /authentication|could not read (username|password)|403|401|permission denied|terminal prompts/i.test(
    error.said,
  );
  return new VarveError('GIT_FETCH', `${shownAddress(remote.address)} cannot be fetched: ${said}`, {
    hint: denied
      ? 'a private repository over https needs --secret id=GIT_AUTH_TOKEN,…; over ssh, --ssh default=KEY, or an agent with the key ($SSH_AUTH_SOCK)'
      : 'see whether git ls-remote works from here',
    cause: error,
  });
}
