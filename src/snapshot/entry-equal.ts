import type { Entry, Xattr } from './entry.ts';

/** Equal in all that one inode has: every field but the hard link's id. A missing digest differs from any digest. */
export function sameInode(a: Entry, b: Entry): boolean {
  return sameMetadata(a, b) && a.digest === b.digest;
}

/** Equal in every field. */
export function sameEntry(a: Entry, b: Entry): boolean {
  return sameInode(a, b) && a.hardlink === b.hardlink;
}

/** Equal in every field but mtime. */
export function sameButMtime(a: Entry, b: Entry): boolean {
  return sameEntry(a.mtime === b.mtime ? a : { ...a, mtime: b.mtime }, b);
}

/** Equal in all that can be known without reading a file: {@link sameInode} without the digest. */
export function sameMetadata(a: Entry, b: Entry): boolean {
  return (
    a.type === b.type &&
    a.mode === b.mode &&
    a.uid === b.uid &&
    a.gid === b.gid &&
    a.size === b.size &&
    a.mtime === b.mtime &&
    a.target === b.target &&
    a.device?.[0] === b.device?.[0] &&
    a.device?.[1] === b.device?.[1] &&
    sameXattrs(a.xattrs ?? [], b.xattrs ?? [])
  );
}

function sameXattrs(a: readonly Xattr[], b: readonly Xattr[]): boolean {
  return a.length === b.length && a.every(([name, value], i) => name === b[i]![0] && value.equals(b[i]![1]));
}
