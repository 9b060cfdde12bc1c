import type { Entry } from '../snapshot/entry.ts';
import type { FileSource } from '../snapshot/file-source.ts';

/** A source whose files are all root's and of one time (ns): a checkout's own owner and times are accidents. */
export function fixedSource(source: FileSource, mtime: bigint): FileSource {
  const fix = (entry: Entry): Entry => ({ ...entry, uid: 0, gid: 0, mtime });
  return {
    async lookup(path) {
      const entry = await source.lookup(path);
      return entry && fix(entry);
    },
    list: async (path) => (await source.list(path)).map(({ name, entry }) => ({ name, entry: fix(entry) })),
    complete: async (items) => (await source.complete(items)).map(fix),
    content: (path, entry) => source.content(path, entry),
  };
}
