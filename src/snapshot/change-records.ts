import type { BytePath } from '../io/byte-path.ts';
import type { Entry } from './entry.ts';

/** What a scan of a rootfs says of one path that may have changed. */
export type ChangeRecord =
  | ChangedEntry
  /** The parent tree has it, the rootfs has not. */
  | { readonly kind: 'gone'; readonly path: BytePath }
  /** It is to be left as the parent tree has it. */
  | { readonly kind: 'ignored'; readonly path: BytePath };

export interface ChangedEntry {
  readonly kind: 'entry';
  readonly path: BytePath;
  /** A file's has no digest yet. */
  readonly entry: Entry;
  /** What the parent tree has at this path. */
  readonly parent: Entry | undefined;
  /** Of a file with several names: which inode it is. */
  readonly inode: string | undefined;
  /** overlayfs keeps this file's other names in step (mount option index=on). */
  readonly indexed: boolean;
}

/**
 * A directory that was replaced: all of it is in the records from `start` to before `end`, but what they ignore.
 */
export interface OpaqueZone {
  readonly path: BytePath;
  readonly start: number;
  end: number;
}

export interface ChangeWalk {
  /** In path order. */
  readonly records: ChangeRecord[];
  /** Outer ones first. */
  readonly zones: OpaqueZone[];
}
