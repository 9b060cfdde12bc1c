import type { BytePath } from '../io/byte-path.ts';
import type { Entry } from '../snapshot/entry.ts';
import { sameButMtime } from '../snapshot/entry-equal.ts';
import type { CopyRequest } from './copy-request.ts';

/** Gives an entry the mtime that it had in the instruction's previous result, when it is the same otherwise. */
export type Inheritance = (path: BytePath, entry: Entry) => Promise<Entry>;

/** Names of one file have one mtime: what its first name gets, all get. */
export function createInheritance({ previous, mtime }: Pick<CopyRequest, 'previous' | 'mtime'>): Inheritance {
  if (!previous || mtime !== undefined) return async (_, entry) => entry;
  const groups = new Map<string, bigint>();
  return async (path, entry) => {
    const { hardlink } = entry;
    let kept = hardlink === undefined ? undefined : groups.get(hardlink);
    if (kept === undefined) {
      const old = await previous.lookup(path);
      kept = old && sameButMtime(old, entry) ? old.mtime : entry.mtime;
      if (hardlink !== undefined) groups.set(hardlink, kept);
    }
    return kept === entry.mtime ? entry : { ...entry, mtime: kept };
  };
}
