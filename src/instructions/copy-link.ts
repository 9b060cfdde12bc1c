import { type BytePath, parentOf } from '../io/byte-path.ts';
import type { Entry } from '../snapshot/entry.ts';
import { EMPTY_ROOT } from '../snapshot/root-entry.ts';
import type { TreeEdit } from '../snapshot/tree-edit.ts';
import type { EditedTree } from './copy-directories.ts';
import { ownerNeedsFiles } from './resolve-owner.ts';
import type { Step } from './step.ts';

/**
 * Whether a step's result doesn't depend on the files that it is laid over. A mode turns --link off, as in BuildKit; a
 * name in --chown is looked up in the image below.
 */
export function isMadeApart(step: Step): boolean {
  if (step.kind !== 'copy' && step.kind !== 'add') return false;
  return step.link && step.chmod === undefined && (step.chown === undefined || !ownerNeedsFiles(step.chown));
}

/** A tree of its own in memory, to be laid over another one: what `COPY --link` copies into. */
export class MemoryTree implements EditedTree {
  /** Parents were put before their children, so this is an order in which all can be put elsewhere. */
  readonly #entries = new Map<BytePath, Entry>([['', EMPTY_ROOT]]);

  lookup(path: BytePath): Promise<Entry | undefined> {
    return Promise.resolve(this.#entries.get(path));
  }

  async put(path: BytePath, entry: Entry): Promise<void> {
    const old = this.#entries.get(path);
    if (old?.type === 'dir' && entry.type !== 'dir') await this.remove(path);
    if (path !== '' && this.#entries.get(parentOf(path))?.type !== 'dir') {
      throw new Error(`put ${path}: its parent is no directory`);
    }
    // A file that becomes a directory moves to the end of the order, before what will be in it.
    if (old && old.type !== 'dir' && entry.type === 'dir') this.#entries.delete(path);
    this.#entries.set(path, entry);
  }

  remove(path: BytePath): Promise<void> {
    const below = `${path}/`;
    for (const key of this.#entries.keys()) {
      if (key === path || key.startsWith(below)) this.#entries.delete(key);
    }
    return Promise.resolve();
  }

  /** Puts everything but the root into `tree`, as a layer does: directories merge, all else replaces. */
  async layOver(tree: Pick<TreeEdit, 'put'>): Promise<void> {
    for (const [path, entry] of this.#entries) if (path !== '') await tree.put(path, entry);
  }
}
