import type { Entry } from '../snapshot/entry.ts';
import type { FileSource } from '../snapshot/file-source.ts';

const EXECUTABLE = 0o100;

/**
 * A source whose modes are those that git keeps: 0755 for directories and for files that their owner may execute, 0644
 * for other files, so that a checkout under another umask is the same.
 * @see https://git-scm.com/docs/git-fast-import#_filemodify
 */
export function normalizeModes(source: FileSource): FileSource {
  /** The source knows its own entries again. */
  const originals = new WeakMap<Entry, Entry>();
  const normal = (entry: Entry): Entry => {
    const mode = modeOf(entry);
    if (mode === entry.mode) return entry;
    const changed = { ...entry, mode };
    originals.set(changed, entry);
    return changed;
  };
  const original = (entry: Entry): Entry => originals.get(entry) ?? entry;
  return {
    async lookup(path) {
      const entry = await source.lookup(path);
      return entry && normal(entry);
    },
    list: async (path) => (await source.list(path)).map((child) => ({ ...child, entry: normal(child.entry) })),
    complete: async (items) =>
      (await source.complete(items.map(({ path, entry }) => ({ path, entry: original(entry) })))).map(normal),
    content: (path, entry) => source.content(path, original(entry)),
  };
}

function modeOf({ type, mode }: Entry): number {
  if (type === 'dir') return 0o755;
  if (type === 'file') return mode & EXECUTABLE ? 0o755 : 0o644;
  return mode;
}
