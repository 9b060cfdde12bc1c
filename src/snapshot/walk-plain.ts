import { type BytePath, fromText, joinBytes } from '../io/byte-path.ts';
import type { Libc } from '../io/libc.ts';
import { createWorkerPool, type WorkerPool } from '../io/worker-pool.ts';
import { isDirectory, listPlain, type PlainListing, STAT_WORDS } from './plain-listing.ts';
import type { PlainReply, PlainRequest } from './plain-worker.ts';

export type PlainPool = WorkerPool<PlainRequest, PlainReply>;

/** Levels that the caller's own thread lists: what is below them (/usr/share/doc, say) is shared out. */
const OWN_LEVELS = 3;
/** Each worker is asked this often, so that one large directory keeps no other worker waiting for long. */
const SHARES_PER_WORKER = 4;
const NOTHING: ReadonlySet<BytePath> = new Set();

/** Threads that walk directory trees. Close it to end them. */
export function createPlainPool(size: number): PlainPool {
  // `.js` when varve was built, and by its folder: the bundle is one folder's file (scripts/bundle.ts).
  const script = new URL(
    import.meta.url.endsWith('.ts') ? '../snapshot/plain-worker.ts' : '../snapshot/plain-worker.js',
    import.meta.url,
  );
  return createWorkerPool({ script, size });
}

/**
 * Stats every path below a directory: recorded right after a plain rootfs was made, it is what {@link scanPlain}
 * compares with.
 * @param request.root absolute, as text. Nothing may write to it meanwhile
 * @param request.workers how many threads `pool` has
 * @param request.skip paths below the root that are not looked at, nor what is below them: they never change
 */
export async function walkPlain(request: {
  readonly root: string;
  readonly libc: Libc;
  readonly pool: PlainPool;
  readonly workers: number;
  readonly skip?: ReadonlySet<BytePath> | undefined;
  readonly signal?: AbortSignal | undefined;
}): Promise<PlainListing> {
  const { libc, pool, signal, skip = NOTHING } = request;
  const root = fromText(request.root);
  const parts: PlainListing[] = [];
  let level: BytePath[] = [''];
  for (let depth = 0; depth < OWN_LEVELS && level.length > 0; depth++) {
    const listing = listPlain(libc, root, level, { deep: false, skip, now: () => Date.now() });
    parts.push(listing);
    level = subdirectories(listing);
  }
  const shares = Array.from({ length: request.workers * SHARES_PER_WORKER }, (_, i) =>
    level.filter((_path, at) => at % (request.workers * SHARES_PER_WORKER) === i),
  ).filter((starts) => starts.length > 0);
  const replies = await Promise.all(shares.map((starts) => pool.run({ root, starts, skip }, { signal })));
  for (const reply of replies) {
    if (reply.kind === 'failed') throw Object.assign(new Error(reply.message), { code: reply.code });
    parts.push(reply.listing);
  }
  return joined(parts);
}

function subdirectories({ directories, names, stats }: PlainListing): BytePath[] {
  const found: BytePath[] = [];
  let at = 0;
  for (const [i, directory] of directories.entries()) {
    if (names[i] === '') continue;
    for (const name of names[i]!.split('/')) {
      if (isDirectory(stats, at)) found.push(joinBytes(directory, name));
      at += STAT_WORDS;
    }
  }
  return found;
}

function joined(parts: readonly PlainListing[]): PlainListing {
  const stats = new Int32Array(parts.reduce((sum, part) => sum + part.stats.length, 0));
  let at = 0;
  for (const part of parts) {
    stats.set(part.stats, at);
    at += part.stats.length;
  }
  return {
    directories: parts.flatMap(({ directories }) => directories),
    names: parts.flatMap(({ names }) => names),
    stats,
    seenAt: Math.min(...parts.map(({ seenAt }) => seenAt)),
  };
}
