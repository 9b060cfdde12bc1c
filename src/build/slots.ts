import { posix } from 'node:path';
import type { Step } from '../instructions/step.ts';
import { digestHex, digestOf } from '../oci/digest.ts';
import { formatPlatform } from '../oci/platform.ts';
import type { FileSource } from '../snapshot/file-source.ts';
import type { RootTree, TreeStore } from '../snapshot/tree.ts';
import { lookupTree } from '../snapshot/tree-lookup.ts';
import type { Records } from './records.ts';

/** Where a step stands in its Dockerfile: what it is then is compared with what it was in the build before. */
export interface SlotPlace {
  /** The stage's name, or its number. */
  readonly stage: string;
  /** Of the step in its stage, from 0. */
  readonly ordinal: number;
  readonly step: Step;
}

/** The previous results of a Dockerfile's steps, whatever their keys were (docs/cache-keys.md, "Slots"). */
export interface Slots {
  /** What the slot's last result has at a path; undefined when there is none. A tree that is gone has nothing. */
  previous(place: SlotPlace): Promise<Pick<FileSource, 'lookup'> | undefined>;
  keep(place: SlotPlace, tree: RootTree): Promise<void>;
}

/** What tells one Dockerfile's slots from another's. */
export interface SlotOwner {
  /** The repository of the first tag, or else the context directory's name: the same in every checkout. */
  readonly name: string;
  /** The Dockerfile's path, relative to the context. */
  readonly dockerfile: string;
}

/** @param deps.areRead false: no slot has a previous result, but it is kept for the next build */
export function createSlots(
  owner: SlotOwner,
  deps: { readonly records: Records; readonly trees: TreeStore; readonly areRead: boolean },
): Slots {
  const { records, trees } = deps;
  const dockerfile = posix.normalize(owner.dockerfile);
  const keyOf = ({ stage, ordinal, step }: SlotPlace): string => {
    const place = [owner.name, dockerfile, formatPlatform(step.platform), stage, ordinal];
    return `${digestHex(digestOf(JSON.stringify(place)))}/result`;
  };
  return {
    async previous(place) {
      const tree = deps.areRead ? await records.slot(keyOf(place)) : undefined;
      if (!tree) return undefined;
      return { lookup: async (path) => (await lookupTree(trees, tree, path).catch(() => undefined))?.entry };
    },
    async keep(place, tree) {
      const key = keyOf(place);
      if ((await records.slot(key))?.exact !== tree.exact) await records.putSlot(key, tree);
    },
  };
}
