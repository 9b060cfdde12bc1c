import { VarveError } from '../errors.ts';
import { type BytePath, toText } from '../io/byte-path.ts';
import type { EntryType, Xattr } from '../snapshot/entry.ts';

/** What a tar header says, with everything that came before it applied. Untrusted: names are as they are in the file. */
export interface TarEntry {
  readonly name: BytePath;
  readonly type: EntryType | 'hardlink';
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Bytes of content that follow; 0 for all but files. */
  readonly size: number;
  /** Nanoseconds since 1970. */
  readonly mtime: bigint;
  /** Target of a symlink or hard link. */
  readonly link: BytePath;
  readonly device: readonly [number, number];
  /** All of them, also those that belong in no image; sorted by name. */
  readonly xattrs: readonly Xattr[];
}

/** `TAR_INVALID`: what is wrong, and with which entry. */
export function tarInvalid(name: BytePath | undefined, what: string): VarveError {
  return new VarveError('TAR_INVALID', `the tar archive cannot be read: ${name ? `${quoted(name)}: ` : ''}${what}`);
}

/** `TAR_UNSUPPORTED`: something that is known and not read. */
export function tarUnsupported(name: BytePath, what: string): VarveError {
  return new VarveError('TAR_UNSUPPORTED', `the tar archive has ${quoted(name)}, ${what}, which varve does not read`, {
    hint: 'make the archive again with tar --format=pax and without --sparse or --incremental',
  });
}

/** A name for a message: as text, and not too much of it. */
export function quoted(name: BytePath): string {
  const limit = 200;
  return JSON.stringify(toText(name.length > limit ? `${name.slice(0, limit)}...` : name));
}
