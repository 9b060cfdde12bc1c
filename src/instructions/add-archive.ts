import { type BytePath, baseOf, joinBytes, parentOf } from '../io/byte-path.ts';
import type { ReadArchiveItem } from '../layer/read-archive.ts';
import type { Entry } from '../snapshot/entry.ts';
import { hardlinkId } from '../snapshot/hardlink-id.ts';
import { resolvePath } from '../snapshot/resolve-path.ts';
import { type EditedTree, makeDirectories, type NewDirectory } from './copy-directories.ts';
import { overDirectory } from './copy-entry.ts';
import type { CopiedContents, CopyRequest } from './copy-request.ts';

/**
 * Unpacks an archive as `tar -x` does: directories merge and take the archive's metadata, everything else replaces what
 * is there, a directory too. Owners are the archive's, or --chown's for all. Links of the image on the way are followed
 * as if `dest` were the root, so nothing lands outside of it. Directories that the archive doesn't mention are root's,
 * 0755; `dest` itself is --chown's.
 * @param dest clean, links not resolved
 * @param contents told where the bytes of every file are
 */
export async function applyArchive(
  tree: EditedTree,
  items: readonly ReadArchiveItem[],
  dest: BytePath,
  request: Pick<CopyRequest, 'owner' | 'mtime' | 'createdMtime'>,
  contents: CopiedContents,
): Promise<void> {
  const mtime = (parent: Entry): bigint => request.mtime ?? request.createdMtime(parent);
  const owner = request.owner ?? { uid: 0, gid: 0 };
  const implied: NewDirectory = { mode: 0o755, uid: 0, gid: 0, mtime };
  const { path: root } = await resolvePath(tree, dest, { followLast: true });
  await makeDirectories(tree, root, { ...implied, ...owner });
  const below = { lookup: (path: BytePath) => tree.lookup(joinBytes(root, path)) };

  const links = new Map<string, { path: BytePath; entry: Entry }[]>();
  /** Directories of the archive to where they went, so that their children need no look-up on the way. */
  const places = new Map<BytePath, BytePath>([['', root]]);
  for (const item of items) {
    if (item.path === '') continue;
    const parent = item.entry.type === 'dir' ? undefined : places.get(parentOf(item.path));
    const at = parent === undefined ? await place(below, root, item) : joinBytes(parent, baseOf(item.path));
    if (parent === undefined) await makeDirectories(tree, parentOf(at), implied);
    const { hardlink, ...own } = item.entry;
    let entry: Entry = { ...own, ...request.owner };
    const old = await tree.lookup(at);
    if (entry.type === 'dir' && old?.type === 'dir') entry = overDirectory(old, entry);
    else if (old?.type === 'dir') {
      await tree.remove(at);
      forgetBelow(contents, at);
    }
    await tree.put(at, entry);
    if (entry.type === 'dir') places.set(item.path, at);
    if (entry.type === 'file' && item.content) contents.set(at, { content: item.content });
    else contents.delete(at);
    if (hardlink !== undefined && entry.type === 'file') {
      const group = links.get(hardlink);
      if (group) group.push({ path: at, entry });
      else links.set(hardlink, [{ path: at, entry }]);
    }
  }
  await linkNames(tree, links);
}

/** Where an item goes. Its last part is a link to follow only when both it and what it leads to are directories. */
async function place(below: Pick<EditedTree, 'lookup'>, root: BytePath, item: ReadArchiveItem): Promise<BytePath> {
  if (item.entry.type === 'dir') {
    const followed = await resolvePath(below, item.path, { followLast: true });
    if (followed.entry?.type === 'dir') return joinBytes(root, followed.path);
  }
  return joinBytes(root, (await resolvePath(below, item.path, { followLast: false })).path);
}

/** Gives the names of one file that are there in the end an id that may enter a tree. See copy-apply.ts. */
async function linkNames(
  tree: EditedTree,
  groups: ReadonlyMap<string, { path: BytePath; entry: Entry }[]>,
): Promise<void> {
  for (const group of groups.values()) {
    if (group.length < 2) continue;
    const paths = group.map(({ path }) => path);
    const hardlink = hardlinkId(`copy ${group[0]?.entry.digest}`, paths.join('\0'));
    for (const { path, entry } of group) await tree.put(path, { ...entry, hardlink });
  }
}

function forgetBelow(contents: CopiedContents, path: BytePath): void {
  const prefix = `${path}/`;
  for (const key of contents.keys()) if (key.startsWith(prefix)) contents.delete(key);
}
