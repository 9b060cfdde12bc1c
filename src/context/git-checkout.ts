import { copyFileSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { VarveError } from '../errors.ts';
import { toFsPath, toText } from '../io/byte-path.ts';
import type { Git } from './git-command.ts';
import type { GitMirrors, GitRemote, GitTarget } from './git-mirror.ts';
import { shownAddress } from './git-reference.ts';
import { isPlainDirectory, listSubmodules } from './git-submodules.ts';

export interface CheckoutRequest {
  readonly remote: GitRemote;
  readonly target: GitTarget;
  readonly keepGitDir: boolean;
  readonly submodules: boolean;
  /** An empty directory for the files. */
  readonly workTree: string;
  /** An empty directory for what git needs besides. */
  readonly scratch: string;
}

export interface CheckoutDeps {
  readonly git: Git;
  readonly mirrors: GitMirrors;
  /** The remote of an address that the repository names. */
  submodule(address: string): GitRemote;
}

/** Submodules in submodules: deeper than this is a loop. */
const DEPTH_LIMIT = 16;

/**
 * Fetches a commit and writes its files: modes 0644 and 0755, submodules in their places. `.git` is left out unless it is
 * asked for; then it has this one commit, and its origin is the address without user and password.
 * @throws VarveError `GIT_FETCH`, `GIT_REF`, `GIT_SUBMODULE`, `GIT_CHECKOUT`
 */
export async function checkOut(request: CheckoutRequest, deps: CheckoutDeps, depth = 0): Promise<void> {
  const { remote, target, workTree, scratch } = request;
  if (depth > DEPTH_LIMIT)
    throw new VarveError(
      'GIT_SUBMODULE',
      `${shownAddress(remote.address)}: submodules nested more than ${DEPTH_LIMIT} deep`,
    );
  const mirror = await deps.mirrors.fetch(remote, target);
  const gitDir = request.keepGitDir ? join(workTree, '.git') : join(scratch, `git-${depth}`);
  await makeRepository(deps.git, gitDir, mirror, request);
  await deps.git.run(['checkout', '--quiet', '--force', '--detach', target.commit], { gitDir, workTree });
  if (request.submodules) await addSubmodules(request, gitDir, deps, depth);
  if (request.keepGitDir) await forgetStats(deps.git, gitDir);
  else rmSync(gitDir, { recursive: true, force: true });
}

/** An index with nothing of this checkout in it, no inodes and times: the same commit gives the same bytes. */
async function forgetStats(git: Git, gitDir: string): Promise<void> {
  rmSync(join(gitDir, 'index'), { force: true });
  await git.run(['read-tree', 'HEAD'], { gitDir });
}

async function makeRepository(
  git: Git,
  gitDir: string,
  mirror: string,
  { target, remote, keepGitDir }: CheckoutRequest,
): Promise<void> {
  const format = target.commit.length === 64 ? ['--object-format=sha256'] : [];
  await git.run(['init', '--quiet', '--bare', '--template=', ...format, gitDir]);
  await git.run(['config', 'core.bare', 'false'], { gitDir });
  if (!keepGitDir) {
    // The files come straight out of the mirror.
    mkdirSync(join(gitDir, 'objects/info'), { recursive: true });
    writeFileSync(join(gitDir, 'objects/info/alternates'), `${join(mirror, 'objects')}\n`);
    const shallow = join(mirror, 'shallow');
    if (existsSync(shallow)) copyFileSync(shallow, join(gitDir, 'shallow'));
    return;
  }
  // One commit, copied by the transport: what is kept must not point into the store.
  const name = target.ref ?? 'refs/varve/commit';
  const refspec = `${target.tag ?? target.commit}:${name}`;
  await git.run(['fetch', '--quiet', '--no-tags', '--no-write-fetch-head', '--depth=1', `file://${mirror}`, refspec], {
    gitDir,
    allowFiles: true,
  });
  if (target.ref === undefined) await git.run(['update-ref', '--no-deref', 'HEAD', target.commit], { gitDir });
  await git.run(['config', 'remote.origin.url', shownAddress(remote.address)], { gitDir });
  await git.run(['config', 'remote.origin.fetch', '+refs/heads/*:refs/remotes/origin/*'], { gitDir });
}

async function addSubmodules(
  request: CheckoutRequest,
  gitDir: string,
  deps: CheckoutDeps,
  depth: number,
): Promise<void> {
  const { workTree, remote } = request;
  for (const { path, commit, address } of await listSubmodules(deps.git, {
    gitDir,
    workTree,
    address: remote.address,
  })) {
    if (!isPlainDirectory(workTree, path))
      throw new VarveError('GIT_SUBMODULE', `${shownAddress(remote.address)}: ${toText(path)} is no directory`);
    const place = join(workTree, toFsPath(path).toString('utf8'));
    await checkOut(
      { ...request, remote: deps.submodule(address), target: { commit }, workTree: place },
      deps,
      depth + 1,
    );
  }
}
