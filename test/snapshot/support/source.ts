import type { Catalog } from '../../../src/cas/catalog.ts';
import { type BytePath, joinBytes } from '../../../src/io/byte-path.ts';
import { loadLibc } from '../../../src/io/libc.ts';
import type { Digest } from '../../../src/oci/digest.ts';
import {
  type DirectoryCounters,
  type DirectorySourceRequest,
  directorySource,
} from '../../../src/snapshot/directory-source.ts';
import type { Entry } from '../../../src/snapshot/entry.ts';
import type { FileSource } from '../../../src/snapshot/file-source.ts';
import { openStatIndex } from '../../../src/snapshot/stat-index.ts';

/** Everything in a source, with digests and xattrs. */
export async function readSource(source: FileSource): Promise<Map<BytePath, Entry>> {
  const items: { path: BytePath; entry: Entry }[] = [];
  const walk = async (path: BytePath): Promise<void> => {
    for (const { name, entry } of await source.list(path)) {
      const child = joinBytes(path, name);
      items.push({ path: child, entry });
      if (entry.type === 'dir') await walk(child);
    }
  };
  await walk('');
  const complete = await source.complete(items);
  return new Map(items.map(({ path }, i) => [path, complete[i]!]));
}

export interface Scan {
  readonly entries: Map<BytePath, Entry>;
  readonly digests: Map<BytePath, Digest>;
  readonly counters: DirectoryCounters;
}

/** What a build does with a directory context: opens the index, reads all, writes the index. */
export async function scanDirectory(
  root: string,
  catalog: Catalog,
  options: { readonly now?: number; readonly name?: string } & Pick<Partial<DirectorySourceRequest>, 'ignores'> = {},
): Promise<Scan> {
  // A minute ahead, so that no file is racy.
  const now = options.now ?? Date.now() + 60_000;
  const stats = openStatIndex(catalog, options.name ?? root, { clock: { now: () => now, monotonic: () => 0 } });
  const ignores = options.ignores ? { ignores: options.ignores } : {};
  const source = directorySource({ root, libc: loadLibc(), stats, concurrency: 4, ...ignores });
  const entries = await readSource(source);
  await stats.flush();
  const digests = new Map<BytePath, Digest>();
  for (const [path, { digest }] of entries) if (digest) digests.set(path, digest);
  return { entries, digests, counters: source.counters };
}
