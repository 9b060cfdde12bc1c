import { type BytePath, joinBytes } from '../io/byte-path.ts';
import { createVisibility, type Ignores, type RawChild } from '../snapshot/directory-visibility.ts';
import type { FileSource } from '../snapshot/file-source.ts';

/** A source without what an ignore file hides. All of it is listed once, at once. */
export async function ignoredSource(source: FileSource, ignores: Ignores): Promise<FileSource> {
  const children = new Map<BytePath, RawChild[]>();
  const walk = async (directory: BytePath): Promise<void> => {
    const found = await source.list(directory);
    children.set(
      directory,
      found.map(({ name, entry }) => ({ name, isDir: entry.type === 'dir' })),
    );
    for (const { name, entry } of found) {
      const path = joinBytes(directory, name);
      if (entry.type === 'dir' && ignores(path, true) !== 'exclude-tree') await walk(path);
    }
  };
  await walk('');
  const { isVisible } = createVisibility(ignores, (directory) => children.get(directory) ?? []);
  return {
    async lookup(path) {
      const entry = await source.lookup(path);
      return entry && isVisible(path, entry.type === 'dir') ? entry : undefined;
    },
    list: async (path) =>
      (await source.list(path)).filter(({ name, entry }) => isVisible(joinBytes(path, name), entry.type === 'dir')),
    complete: (items) => source.complete(items),
    content: (path, entry) => source.content(path, entry),
  };
}
