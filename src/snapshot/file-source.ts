import type { BytePath } from '../io/byte-path.ts';
import type { Digest } from '../oci/digest.ts';
import type { ContentSource, Entry } from './entry.ts';
import type { Stamp } from './stamp-directory.ts';

/** One name in a directory. A file's digest and any entry's xattrs may be missing until {@link FileSource.complete}. */
export interface SourceChild {
  readonly name: BytePath;
  readonly entry: Entry;
}

/**
 * A read-only filesystem that COPY, ADD and bind mounts read from: the build context or a stage's snapshot. Paths are
 * relative to its root, without leading slash, `` is the root; no symlink is followed by any of these.
 */
export interface FileSource {
  lookup(path: BytePath): Promise<Entry | undefined>;
  /** Sorted by name bytes. Empty for a directory that is not there. */
  list(path: BytePath): Promise<readonly SourceChild[]>;
  /** The same entries with digests and xattrs, in order. Reads files where it must, several at a time. */
  complete(items: readonly { readonly path: BytePath; readonly entry: Entry }[]): Promise<Entry[]>;
  /** Where a file's bytes are. May have to unpack a layer. */
  content(path: BytePath, entry: Entry): Promise<ContentSource>;
  /** Content digest of the whole, where it is known without reading. */
  readonly digest?: Digest;
  /**
   * Directories on disk, topmost first, that stacked by overlayfs show `path` and all below it as this source does, so
   * that nothing has to be copied. May have to unpack layers. Undefined when there are none.
   */
  onDisk?(path: BytePath): Promise<readonly string[] | undefined>;
  /**
   * What is equal as long as these paths, with all below them, list and complete to the same: cheaper than doing that.
   * Undefined where nothing can say so, or a path is not there, or leads through a symlink.
   */
  stamp?(paths: readonly BytePath[]): Promise<Stamp | undefined>;
}
