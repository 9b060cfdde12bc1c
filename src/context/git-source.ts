import { mkdir } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { createMemoryCatalog } from '../cas/memory-catalog.ts';
import type { Store, TempDirectory } from '../cas/store.ts';
import { VarveError } from '../errors.ts';
import { type BytePath, fromText, joinBytes, toText } from '../io/byte-path.ts';
import type { Clock } from '../io/clock.ts';
import type { Libc } from '../io/libc.ts';
import { digestHex, digestOf } from '../oci/digest.ts';
import { directorySource } from '../snapshot/directory-source.ts';
import type { FileSource } from '../snapshot/file-source.ts';
import { resolvePath } from '../snapshot/resolve-path.ts';
import { openStatIndex } from '../snapshot/stat-index.ts';
import { fixedSource } from './fixed-source.ts';
import { checkOut } from './git-checkout.ts';
import { createGit, GitFailure } from './git-command.ts';
import { type GitTrees, gitFiles } from './git-files.ts';
import { createGitMirrors, type GitRemote, type GitTarget } from './git-mirror.ts';
import { type GitReference, gitAddress, isCommitId, shownAddress } from './git-reference.ts';
import { type GitIdentity, gitRemote } from './git-remote.ts';

/** A reference that was resolved; `key` says all that decides about its files. */
export interface GitTree {
  readonly commit: string;
  readonly key: string;
  /** The files; fetched and written out when this is called first, unless the store remembers them. */
  files(): Promise<FileSource>;
  /** Seconds since 1970 of the commit. May fetch. */
  committed(): Promise<number>;
}

/** Repositories of one build: each ref is asked for once, each commit written out once. */
export interface GitSources {
  /**
   * Finds the commit of a reference. A whole commit id asks nobody.
   * @throws VarveError `GIT_CHECKSUM`, `GIT_REF`, `GIT_FETCH`, `GIT_MISSING`
   */
  resolve(reference: GitReference): Promise<GitTree>;
}

export interface GitSourcesDeps {
  readonly store: Pick<Store, 'path' | 'makeTemp' | 'hold'>;
  program(name: string): string | undefined;
  /** `PATH`, proxies and `SSH_AUTH_SOCK`. */
  readonly env: Readonly<Record<string, string>>;
  readonly identity: GitIdentity;
  readonly libc: Libc;
  readonly clock: Clock;
  readonly remembered: GitTrees;
  /** Told of an option that has no effect. */
  warn(text: string): void;
  readonly signal: AbortSignal;
}

/** Stands in the name of what is remembered: another way to write files out needs another number. */
const CHECKOUT_FORMAT = 1;
const NS_PER_S = 1_000_000_000n;
const NS_PER_MS = 1_000_000n;
/** libuv has four threads for file reads. */
const READS_AT_ONCE = 4;

export function createGitSources(deps: GitSourcesDeps): GitSources {
  const git = createGit(deps);
  const mirrors = createGitMirrors(deps.store, git, deps.signal);

  const targets = new Map<string, Promise<GitTarget>>();
  const checkouts = new Map<string, Promise<TempDirectory>>();
  const resolved = new Map<string, GitTree>();

  const resolveTarget = async (reference: GitReference, remote: GitRemote): Promise<GitTarget> => {
    const { checksum, ref, fetchByCommit } = reference;
    if (checksum !== '' && !/^[a-f0-9]{1,64}$/.test(checksum)) throw badChecksum(reference, 'it is no commit id');
    if (fetchByCommit && !isCommitId(checksum))
      throw badChecksum(reference, 'fetch-by-commit needs the whole commit id as checksum');
    const target = fetchByCommit
      ? { commit: checksum }
      : await once(targets, `${remote.address} ${ref}`, () => mirrors.resolve(remote, ref));
    if (checksum === '' || target.commit.startsWith(checksum) || target.tag?.startsWith(checksum)) return target;
    throw new VarveError(
      'GIT_CHECKSUM',
      `${shownAddress(reference.remote)}: expected checksum to match ${checksum}, got ${target.commit}`,
      { hint: 'the branch or tag leads to another commit than the one that was asked for' },
    );
  };

  const checkOutOnce = (request: WholeCheckout): Promise<TempDirectory> => {
    const { remote, target, keepGitDir, submodules } = request;
    const ref = keepGitDir ? (target.ref ?? '') : '';
    const key = JSON.stringify([remote.address, target.commit, keepGitDir, ref, submodules]);
    return once(checkouts, key, async () => {
      const temp = await deps.store.makeTemp('git');
      const workTree = join(temp.path, 'tree');
      await mkdir(workTree);
      await written(remote.address, () =>
        checkOut(
          { ...request, workTree, scratch: temp.path },
          { git, mirrors, submodule: (at) => gitRemote(at, false, deps.identity) },
        ),
      );
      return temp;
    });
  };

  return {
    async resolve(reference) {
      const address = gitAddress(reference);
      const remote = gitRemote(address, true, deps.identity, reference);
      const target = await resolveTarget(reference, remote);
      const subdir = posix.join('/', reference.subdir);
      if (reference.keepGitDir && subdir !== '/')
        deps.warn(`${shownAddress(address)}: keep-git-dir has no effect with the subdirectory ${subdir}`);
      const keepGitDir = reference.keepGitDir === true && subdir === '/';
      const submodules = reference.submodules !== false;
      const mtime = reference.mtime ?? 'commit';
      const key = JSON.stringify({
        commit: target.commit,
        subdir,
        submodules,
        mtime,
        ...(keepGitDir ? { keepGitDir, remote: shownAddress(address), ref: target.ref } : {}),
      });
      const known = resolved.get(`${address} ${key}`);
      if (known) return known;

      const committed = async (): Promise<number> => {
        const gitDir = await mirrors.fetch(remote, target);
        return Number((await git.run(['show', '-s', '--format=%ct', target.commit], { gitDir })).trim());
      };
      const write = async (): Promise<FileSource> => {
        const temp = await checkOutOnce({ remote, target, keepGitDir, submodules });
        const time =
          mtime === 'commit' ? BigInt(await committed()) * NS_PER_S : BigInt(Math.round(deps.clock.now())) * NS_PER_MS;
        return fixedSource(await sourceAt(temp, subdir, reference, deps), time);
      };
      const blob = async (path: BytePath): Promise<Buffer | undefined> => {
        const gitDir = await mirrors.fetch(remote, target);
        const object = `${target.commit}:${posix.join('.', subdir, toText(path))}`;
        const bytes = await git.run(['cat-file', 'blob', object], { gitDir }).catch(() => undefined);
        return bytes === undefined ? undefined : Buffer.from(bytes, 'latin1');
      };
      const name = digestHex(digestOf(JSON.stringify([CHECKOUT_FORMAT, key])));
      let files: Promise<FileSource> | undefined;
      const tree: GitTree = {
        commit: target.commit,
        key,
        files() {
          files ??= keepGitDir ? write() : gitFiles(name, deps.remembered, { checkOut: write, blob });
          return files;
        },
        committed,
      };
      resolved.set(`${address} ${key}`, tree);
      return tree;
    },
  };
}

type WholeCheckout = Omit<Parameters<typeof checkOut>[0], 'workTree' | 'scratch'>;

function once<T>(known: Map<string, Promise<T>>, key: string, make: () => Promise<T>): Promise<T> {
  const made = known.get(key) ?? make();
  known.set(key, made);
  return made;
}

async function written(address: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof GitFailure)) throw error;
    throw new VarveError('GIT_CHECKOUT', `${shownAddress(address)} cannot be checked out: ${error.said}`, {
      cause: error,
    });
  }
}

/** The subdirectory as a root of its own: a link in it that leads out of it leads nowhere. */
async function sourceAt(
  temp: TempDirectory,
  subdir: string,
  reference: GitReference,
  { libc, clock, signal }: GitSourcesDeps,
): Promise<FileSource> {
  const open = async (root: string) =>
    directorySource({
      root,
      libc,
      stats: openStatIndex(createMemoryCatalog(), 'checkout', { clock }),
      concurrency: READS_AT_ONCE,
      signal,
    });
  const top = join(temp.path, 'tree');
  if (subdir === '/') return open(top);
  const { path, entry } = await resolvePath(await open(top), fromText(subdir.slice(1)), { followLast: true });
  if (entry?.type === 'dir') return open(toText(joinBytes(fromText(top), path)));
  throw new VarveError('GIT_SUBDIR', `${shownAddress(reference.remote)} has no directory ${subdir}`);
}

function badChecksum(reference: GitReference, why: string): VarveError {
  return new VarveError(
    'GIT_CHECKSUM',
    `${shownAddress(reference.remote)}: checksum ${JSON.stringify(reference.checksum)}: ${why}`,
    { exitCode: 2 },
  );
}
