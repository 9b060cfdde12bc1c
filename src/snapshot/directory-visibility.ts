import { type BytePath, joinBytes, parentOf } from '../io/byte-path.ts';

/** `exclude`: not this path, though something below it may be included; `exclude-tree`: neither it nor anything below. */
export type Ignores = (path: BytePath, isDir: boolean) => 'include' | 'exclude' | 'exclude-tree';

/** One name on disk, before ignore rules. */
export interface RawChild {
  readonly name: BytePath;
  readonly isDir: boolean;
}

/** Which paths of a directory on disk exist under ignore rules. Answers are kept: the disk is taken to stand still. */
export interface Visibility {
  /**
   * Whether a path that is on disk exists; its parent must exist. An excluded directory exists when something below it
   * is included, as what is below has to be somewhere.
   */
  isVisible(path: BytePath, isDir: boolean): boolean;
}

/** @param list the names of a real directory, from disk */
export function createVisibility(ignores: Ignores, list: (directory: BytePath) => readonly RawChild[]): Visibility {
  const directories = new Map<BytePath, boolean>();
  const cutOff = new Map<BytePath, boolean>();

  /** Whether a directory or one above it is excluded with all below. */
  const isCutOff = (path: BytePath): boolean => {
    if (path === '') return false;
    const known = cutOff.get(path);
    if (known !== undefined) return known;
    const cut = isCutOff(parentOf(path)) || ignores(path, true) === 'exclude-tree';
    cutOff.set(path, cut);
    return cut;
  };
  const isVisible = (path: BytePath, isDir: boolean): boolean => {
    if (path === '') return true;
    if (isCutOff(parentOf(path))) return false;
    if (!isDir) return ignores(path, false) === 'include';
    const known = directories.get(path);
    if (known !== undefined) return known;
    const verdict = ignores(path, true);
    const visible =
      verdict === 'include' ||
      (verdict === 'exclude' && list(path).some((child) => isVisible(joinBytes(path, child.name), child.isDir)));
    directories.set(path, visible);
    return visible;
  };
  return { isVisible };
}
