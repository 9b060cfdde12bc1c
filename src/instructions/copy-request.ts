import type { BytePath } from '../io/byte-path.ts';
import type { ReadArchiveItem } from '../layer/read-archive.ts';
import type { ContentSource, Entry } from '../snapshot/entry.ts';
import type { FileSource } from '../snapshot/file-source.ts';
import type { ChmodSpec } from './parse-chmod.ts';
import type { Owner } from './resolve-owner.ts';

/** A file that is no path of the source: a heredoc, or what ADD downloaded. */
export interface GivenFile {
  /** Its name in a destination directory. */
  readonly name: BytePath;
  /** Mode, owner, mtime, size and digest. */
  readonly entry: Entry;
  readonly content: ContentSource;
  /** Whether ADD unpacks it when it is an archive; false for a heredoc. */
  readonly unpack: boolean;
}

/**
 * A source whose key is known before its files are there: a commit, a checksum. Nothing is fetched for it when the step
 * hits.
 */
export interface PendingSource {
  /** All that decides about its files, for the step's key. */
  readonly key: string;
  open(): Promise<GivenFile | FileSource>;
}

/** One COPY or ADD with its words expanded, before it is known what they select. */
export interface CopyRequest {
  /** Words of the instruction and given files, in the order in which they are copied (heredocs come last). */
  readonly sources: readonly (string | GivenFile | PendingSource)[];
  readonly dest: string;
  /** Absolute; relative destinations start here. */
  readonly workdir: string;
  /** --chown, resolved. */
  readonly owner?: Owner;
  /** --chmod. */
  readonly mode?: ChmodSpec;
  readonly link: boolean;
  readonly parents: boolean;
  /** Patterns of --exclude, in order. */
  readonly exclude: readonly string[];
  /** Where the words are looked up. */
  readonly source: FileSource;
  /** The source's owners count as 0:0: the build context. */
  readonly forceRootOwner: boolean;
  /**
   * ADD: reads an archive that is to be unpacked instead of copied; undefined for a file that is none. Not set for COPY
   * and --unpack=false.
   */
  readonly unpack?: (content: ContentSource, name: BytePath) => Promise<readonly ReadArchiveItem[] | undefined>;
  /** Told what the instruction asks for and BuildKit's rules give nothing for. */
  warn?(message: string): void;
  /** When set, every copied and made entry has this mtime (ns) instead of its source's. */
  readonly mtime?: bigint;
  /**
   * What this instruction gave last time: an entry that is the same there in all but mtime keeps that mtime, so that a
   * fresh checkout gives the same bytes. Not looked at when `mtime` is set, nor for what is in archives.
   */
  readonly previous?: Pick<FileSource, 'lookup'>;
  /** Mtime (ns) of a directory that no source has, from the directory that it is made in. */
  createdMtime(parent: Entry): bigint;
}

/** One path below a selected directory. */
export interface SelectedEntry {
  /** Relative to the selected directory. */
  readonly path: BytePath;
  readonly entry: Entry;
  /** Not selected itself: a directory on the way to something that is. */
  readonly onTheWay: boolean;
}

/** What one source came to; a wildcard gives several. */
export type SelectedSource =
  | { readonly kind: 'given'; readonly file: GivenFile }
  | { readonly kind: 'pending'; readonly pending: PendingSource }
  /** A single file, link, device or FIFO. `path` is in the source, links resolved; `name` as the word has it. */
  | { readonly kind: 'file'; readonly path: BytePath; readonly name: BytePath; readonly entry: Entry }
  /** A directory's contents, parents before children. */
  | {
      readonly kind: 'dir';
      readonly path: BytePath;
      readonly entry: Entry;
      readonly entries: readonly SelectedEntry[];
      /** Where the files are, when not in the request's source. */
      readonly source?: FileSource;
    };

/** All that a request copies, with digests, in the order in which it is copied. */
export interface Selection {
  readonly sources: readonly SelectedSource[];
}

/** Where the bytes of a copied file come from. */
export type CopiedContent =
  | { readonly source: FileSource; readonly path: BytePath; readonly entry: Entry }
  | { readonly content: ContentSource };

/** Destination path to the bytes of the file that is there now. */
export type CopiedContents = Map<BytePath, CopiedContent>;
