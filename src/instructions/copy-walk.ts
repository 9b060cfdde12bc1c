import { type BytePath, joinBytes } from '../io/byte-path.ts';
import type { Entry } from '../snapshot/entry.ts';
import type { FileSource } from '../snapshot/file-source.ts';
import type { CopyFilter } from './copy-filter.ts';
import type { SelectedEntry } from './copy-request.ts';

/**
 * What a filter lets through of a directory, in walk order: parents before children, names by bytes. A directory that is
 * left out but has something in it that is not comes along as `onTheWay`. Digests are those of list(), perhaps missing.
 */
export async function selectContents(
  source: FileSource,
  dir: BytePath,
  filter: CopyFilter | undefined,
): Promise<SelectedEntry[]> {
  const selected: SelectedEntry[] = [];
  /** Directories above the current one that were left out, and not yet needed. */
  const pending: { path: BytePath; entry: Entry }[] = [];

  const select = (path: BytePath, entry: Entry): void => {
    for (const above of pending) selected.push({ ...above, onTheWay: true });
    pending.length = 0;
    selected.push({ path, entry, onTheWay: false });
  };
  const walk = async (relative: BytePath): Promise<void> => {
    for (const { name, entry } of await source.list(joinBytes(dir, relative))) {
      const path = joinBytes(relative, name);
      const verdict = filter?.(path);
      if (!verdict || verdict.selected) select(path, entry);
      if (entry.type !== 'dir' || (verdict && !verdict.descend)) continue;
      if (verdict && !verdict.selected) {
        const own = { path, entry };
        pending.push(own);
        await walk(path);
        if (pending.at(-1) === own) pending.pop();
      } else {
        await walk(path);
      }
    }
  };
  await walk('');
  return selected;
}
