import { createHash } from 'node:crypto';
import type { BytePath } from '../io/byte-path.ts';
import type { Digest } from '../oci/digest.ts';
import type { FileStat } from './file-stat.ts';
import type { GitDigests } from './git-digests.ts';
import type { GitIndex } from './git-index.ts';
import type { RunningHash } from './hash-file.ts';

/** What git spares of reading one file, or can spare next time. */
export type GitLook =
  /** Its content, known without a read. */
  | { readonly digest: Digest }
  /** Feed the file to `hash` when it is read, and then say what came out. */
  | { readonly hash: RunningHash; learn(digest: Digest): void };

/** Asked for files that the stat index does not know. */
export interface GitBlobs {
  /** In the files' order; undefined for a file that git's index says nothing sure of. */
  look(files: readonly { readonly path: BytePath; readonly stat: FileStat }[]): Promise<(GitLook | undefined)[]>;
  flush(): Promise<void>;
}

export interface GitWorkingTree {
  readonly index: GitIndex;
  /** Which of the paths git may have converted between blob and file (filter, ident, encoding). */
  converted(paths: readonly BytePath[]): Promise<ReadonlySet<BytePath>>;
}

/**
 * A file whose stat is the one in git's index is that blob, unless git converts it; and of a blob that was read once
 * in any repository the sha256 is known. Line endings need no rule of their own: every conversion of them changes the
 * size, and the size on disk must be the blob's.
 * @param open is called when the first file is asked for; undefined when there is no index to rely on
 */
export function createGitBlobs(open: () => Promise<GitWorkingTree | undefined>, digests: GitDigests): GitBlobs {
  let opened: Promise<GitWorkingTree | undefined> | undefined;
  return {
    async look(files) {
      const tree = files.length > 0 ? await (opened ??= open()) : undefined;
      if (!tree) return files.map(() => undefined);
      const { hash } = tree.index;
      const ids = files.map(({ path, stat }) => tree.index.blob(path, stat));
      const converted = await tree.converted(files.filter((_, i) => ids[i] !== undefined).map(({ path }) => path));
      const blobs = files.map(({ path, stat }, i) =>
        ids[i] === undefined || converted.has(path) ? undefined : { hash, id: ids[i], size: stat.size },
      );
      const known = await digests.find(blobs.filter((blob) => blob !== undefined));
      let next = 0;
      return blobs.map((blob) => {
        if (!blob) return undefined;
        const digest = known[next++];
        if (digest) return { digest };
        const running = createHash(hash).update(`blob ${blob.size}\0`);
        return {
          hash: running,
          learn: (found) => {
            // The bytes decide, not the index: what git converted without our knowing is not learned.
            if (running.digest('hex') === blob.id) digests.learn(blob, found);
          },
        };
      });
    },
    flush: () => digests.flush(),
  };
}
