import { realpath, stat } from 'node:fs/promises';
import type { Catalog } from '../cas/catalog.ts';
import { VarveError } from '../errors.ts';
import type { Clock } from '../io/clock.ts';
import type { Libc } from '../io/libc.ts';
import { type DirectorySource, directorySource } from '../snapshot/directory-source.ts';
import type { Ignores } from '../snapshot/directory-visibility.ts';
import { openStatIndex } from '../snapshot/stat-index.ts';

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
  readonly catalog: Catalog;
  readonly libc: Libc;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/**
 * Opens a directory as a build context. Nothing in it is read before somebody asks.
 * @throws VarveError `CONTEXT_MISSING` when it is not a directory that can be read
 */
export async function openDirectoryContext({
  path,
  ignores,
  catalog,
  libc,
  clock,
  signal,
}: DirectoryContextRequest): Promise<DirectoryContext> {
  const root = await directoryOf(path);
  const stats = await openStatIndex(catalog, `context ${root}`, { clock });
  const source = directorySource({
    root,
    libc,
    stats,
    concurrency: READS_AT_ONCE,
    signal,
    ...(ignores ? { ignores } : {}),
  });
  return { source, flush: () => stats.flush() };
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
