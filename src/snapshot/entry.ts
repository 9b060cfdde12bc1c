import type { BytePath } from '../io/byte-path.ts';
import type { Digest } from '../oci/digest.ts';

export type EntryType = 'file' | 'dir' | 'symlink' | 'char' | 'block' | 'fifo';

/** One path of a filesystem, all that a layer can say of it. Sockets are no entries: they are left out everywhere. */
export interface Entry {
  readonly type: EntryType;
  /** Permission, setuid, setgid and sticky bits: 0 to 0o7777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Nanoseconds since 1970; may be negative. */
  readonly mtime: bigint;
  /** Bytes of a file's content; 0 for all other types. */
  readonly size: number;
  /** sha256 of a file's content. Set on every file of a tree; a scan may leave it out until asked. */
  readonly digest?: Digest;
  /** Target of a symlink, as bytes. */
  readonly target?: BytePath;
  /** [major, minor] of a device. */
  readonly device?: readonly [number, number];
  /** Extended attributes that belong in an image, sorted by name; absent when there are none. */
  readonly xattrs?: readonly Xattr[];
  /** Names with the same value here are hard links of one file ({@link hardlinkId}). Absent for a file with one name. */
  readonly hardlink?: string;
}

export type Xattr = readonly [name: string, value: Buffer];

/** What a layer says of one path. Paths have no leading slash; the root directory is the empty path. */
export type LayerItem =
  | { readonly kind: 'entry'; readonly path: BytePath; readonly entry: Entry }
  /** The path is gone from the layers below. */
  | { readonly kind: 'whiteout'; readonly path: BytePath }
  /** The directory hides everything that the layers below have in it. */
  | { readonly kind: 'opaque'; readonly path: BytePath };

/** Where a file's bytes are. `path` is absolute on this machine, as bytes. */
export type ContentSource = { readonly path: BytePath } | { readonly bytes: Buffer };

/** Whether an xattr belongs in an image: not the kernel's or overlayfs's own bookkeeping. */
export function isImageXattr(name: string): boolean {
  if (name === 'security.capability') return true;
  if (name.startsWith('user.')) return !name.startsWith('user.overlay.');
  return false;
}
