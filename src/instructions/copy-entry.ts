import type { Entry, Xattr } from '../snapshot/entry.ts';
import type { CopyRequest } from './copy-request.ts';
import { applyChmod } from './parse-chmod.ts';

type Overrides = Pick<CopyRequest, 'owner' | 'mode' | 'mtime' | 'forceRootOwner'>;

/** The entry that a copy of `from` has: content, xattrs and mtime kept, owner and mode as the request says. */
export function copiedEntry(from: Entry, request: Overrides, hardlink: string | undefined): Entry {
  const { hardlink: _, ...kept } = from;
  const owner = request.owner ?? (request.forceRootOwner ? { uid: 0, gid: 0 } : from);
  return {
    ...kept,
    // A block device becomes a character device in BuildKit's COPY (fsutil's copyDevice), so it does here.
    type: from.type === 'block' ? 'char' : from.type,
    mode:
      request.mode === undefined || from.type === 'symlink'
        ? from.mode
        : applyChmod(request.mode, from.mode, from.type === 'dir'),
    uid: owner.uid,
    gid: owner.gid,
    mtime: request.mtime ?? from.mtime,
    ...(hardlink === undefined ? {} : { hardlink }),
  };
}

/** A copied directory over an existing one: everything is the source's, but xattrs that only the old one has stay. */
export function overDirectory(old: Entry, copied: Entry): Entry {
  if (!old.xattrs) return copied;
  const names = new Map<string, Xattr>();
  for (const xattr of [...old.xattrs, ...(copied.xattrs ?? [])]) names.set(xattr[0], xattr);
  const xattrs = [...names.values()].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return { ...copied, xattrs };
}
