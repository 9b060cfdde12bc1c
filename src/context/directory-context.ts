import { realpath, stat } from 'node:fs/promises';
import type { Catalog } from '../cas/catalog.ts';
import { VarveError } from '../errors.ts';
import type { Clock } from '../io/clock.ts';
import type { Libc } from '../io/libc.ts';
import type { Log } from '../io/log.ts';
import { type DirectorySource, directorySource } from '../snapshot/directory-source.ts';
import type { Ignores } from '../snapshot/directory-visibility.ts';
import { createGitBlobs, type GitBlobs, type GitWorkingTree } from '../snapshot/git-blobs.ts';
import { createGitDigests } from '../snapshot/git-digests.ts';
import { openStatIndex } from '../snapshot/stat-index.ts';
import { openGitTree } from './open-git-tree.ts';

/** libuv has four threads for file reads. */
const READS_AT_ONCE = 4;

export interface DirectoryContext {
  readonly source: DirectorySource;
  /** Keeps the files' stats and digests for the next build. */
  flush(): Promise<void>;
}

export interface DirectoryContextRequest {
  /** As the user named it. */
  readonly path: string;
  readonly ignores?: Ignores;
  /** What is equal for the same rules. */
  readonly ignoresId?: string;
  readonly catalog: Catalog;
  readonly libc: Libc;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly log: Log;
  /** Whether git's index may spare reads: `auto` says nothing when it cannot, `on` warns. */
  readonly gitIndex: GitIndexUse;
  /** Where a program of the machine is. */
  readonly program: (name: string) => string | undefined;
}

export type GitIndexUse = 'auto' | 'on' | 'off';

/**
 * Opens a directory as a build context. Nothing in it is read before somebody asks.
 * @throws VarveError `CONTEXT_MISSING` when it is not a directory that can be read
 */
export async function openDirectoryContext(request: DirectoryContextRequest): Promise<DirectoryContext> {
  const { path, ignores, catalog, libc, clock, signal } = request;
  const root = await directoryOf(path);
  const stats = openStatIndex(catalog, `context ${root}`, { clock });
  const git = request.gitIndex === 'off' ? undefined : gitBlobs(root, request);
  const source = directorySource({
    root,
    libc,
    stats,
    ...(git ? { git } : {}),
    concurrency: READS_AT_ONCE,
    signal,
    ...(ignores ? { ignores, ignoresId: request.ignoresId } : {}),
  });
  return {
    source,
    async flush() {
      await stats.flush();
      await git?.flush();
    },
  };
}

function gitBlobs(root: string, { catalog, signal, log, gitIndex, program }: DirectoryContextRequest): GitBlobs {
  const open = async (): Promise<GitWorkingTree | undefined> => {
    const git = program('git');
    const opened = git === undefined ? { reason: 'git is not installed' } : await openGitTree(git, root, signal);
    if ('tree' in opened) return opened.tree;
    const text = `git's index is not used for ${root}: ${opened.reason}`;
    if (gitIndex === 'on') log.warn(text);
    else log.debug(text);
    return undefined;
  };
  return createGitBlobs(open, createGitDigests(catalog));
}

async function directoryOf(path: string): Promise<string> {
  try {
    const root = await realpath(path);
    if ((await stat(root)).isDirectory()) return root;
  } catch (error) {
    throw new VarveError('CONTEXT_MISSING', `the build context ${path} cannot be opened: ${(error as Error).message}`, {
      hint: 'the last argument is the directory that COPY and ADD read from',
      cause: error,
    });
  }
  throw new VarveError('CONTEXT_MISSING', `the build context ${path} is not a directory`, {
    hint: 'archives, git and HTTP contexts are not supported yet',
  });
}
