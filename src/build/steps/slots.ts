import { posix } from 'node:path';
import type { Step } from '../../instructions/step.ts';
import type { BytePath } from '../../io/byte-path.ts';
import { type Digest, digestHex, digestOf } from '../../oci/digest.ts';
import { formatPlatform } from '../../oci/platform.ts';
import type { Entry } from '../../snapshot/entry.ts';
import type { FileSource } from '../../snapshot/file-source.ts';
import type { RootTree } from '../../snapshot/tree.ts';
import { lookupTree } from '../../snapshot/tree-lookup.ts';
import { readChanges } from '../images/read-changes.ts';
import type { Services } from '../services.ts';

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
  /** Names the slot, here and in caches. */
  key(place: SlotPlace): Digest;
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
  deps: Pick<Services, 'records' | 'trees' | 'store' | 'registry' | 'remote' | 'log' | 'signal'> & {
    readonly areRead: boolean;
  },
): Slots {
  const { records, trees, store, registry, remote, log, signal } = deps;
  const dockerfile = posix.normalize(owner.dockerfile);
  const key = ({ stage, ordinal, step }: SlotPlace): Digest =>
    digestOf(JSON.stringify([owner.name, dockerfile, formatPlatform(step.platform), stage, ordinal]));
  const rowOf = (place: SlotPlace): string => `${digestHex(key(place))}/result`;

  /** What the step changed when it was last done on any machine that shares a cache with this one. */
  const elsewhere = async (place: SlotPlace): Promise<Pick<FileSource, 'lookup'> | undefined> => {
    try {
      const record = await remote?.records.slot(key(place), place.step.platform);
      const items = record && (await readChanges(record, { blobs: store.blobs, registry, signal }));
      if (!items) return undefined;
      const entries = new Map<BytePath, Entry>();
      for (const item of items) if (item.kind === 'entry') entries.set(item.path, item.entry);
      return { lookup: async (path) => entries.get(path) };
    } catch (error) {
      signal.throwIfAborted();
      log.debug(`the slot's last result is not known: ${(error as Error).message}`);
      return undefined;
    }
  };

  return {
    key,
    async previous(place) {
      if (!deps.areRead) return undefined;
      const tree = await records.slot(rowOf(place));
      if (!tree || !(await trees.has(tree.exact))) return elsewhere(place);
      return { lookup: async (path) => (await lookupTree(trees, tree, path).catch(() => undefined))?.entry };
    },
    async keep(place, tree) {
      const row = rowOf(place);
      if ((await records.slot(row))?.exact !== tree.exact) await records.putSlot(row, tree);
    },
  };
}
