import { type BytePath, baseOf, compareBytes, joinBytes, parentOf } from '../io/byte-path.ts';
import type { ReadArchiveItem } from '../layer/read-archive.ts';
import type { ContentSource, Entry } from '../snapshot/entry.ts';
import type { FileSource, SourceChild } from '../snapshot/file-source.ts';

const ROOT: Entry = { type: 'dir', mode: 0o755, uid: 0, gid: 0, mtime: 0n, size: 0 };

/** The paths of an archive as a filesystem. Directories that the archive doesn't mention are root's, 0755. */
export function itemsSource(items: readonly ReadArchiveItem[]): FileSource {
  const entries = new Map<BytePath, Entry>([['', ROOT]]);
  const contents = new Map<BytePath, ContentSource>();
  const children = new Map<BytePath, Set<BytePath>>();
  const put = (path: BytePath, entry: Entry): void => {
    entries.set(path, entry);
    if (path === '') return;
    const parent = parentOf(path);
    if (entries.get(parent)?.type !== 'dir') put(parent, ROOT);
    const names = children.get(parent);
    if (names) names.add(baseOf(path));
    else children.set(parent, new Set([baseOf(path)]));
  };
  for (const { path, entry, content } of items) {
    put(path, entry);
    if (content) contents.set(path, content);
  }
  return {
    lookup: async (path) => entries.get(path),
    list: async (path) =>
      [...(children.get(path) ?? [])]
        .sort(compareBytes)
        .map((name): SourceChild => ({ name, entry: entries.get(joinBytes(path, name))! })),
    complete: async (asked) => asked.map(({ entry }) => entry),
    async content(path) {
      const content = contents.get(path);
      if (!content) throw new Error(`no content of ${path}`);
      return content;
    },
  };
}
