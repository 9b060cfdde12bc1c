import { digestHex } from '../../oci/digest.ts';
import type { References } from './store-references.ts';
import type { UsedObject } from './store-usage.ts';

/** What is taken from a store beside what nothing refers to. */
export interface PrunePolicy {
  /** Also images that are kept under a name; with no limit below, everything. */
  readonly all: boolean;
  /** Least recently used first until all that is left takes at most this many bytes. */
  readonly maxBytes?: number;
  /** What was not used for so long, in ms. */
  readonly olderThan?: number;
  /** Least recently used first until the file system has so many bytes free. */
  readonly minFreeBytes?: number;
}

/** Something that goes, and why. */
export interface Chosen {
  readonly object: UsedObject;
  readonly reason: 'unreferenced' | 'all' | 'age' | 'size' | 'free space';
}

export interface PruneSituation {
  readonly now: number;
  /** Bytes that the file system has free. */
  readonly free: number;
  /** Bytes that count beside the objects: the catalog's. */
  readonly otherBytes: number;
}

/** A cache mount before an unpacked layer before a git repository before a blob, when all were used at once: what is cheapest to make again. */
const RANK = { mount: 0, layer: 1, git: 2, blob: 3 } as const;

/** Chooses what goes. Nothing that a living process holds, and no blob of a named image unless `all` is asked for. */
export function choosePruned(
  { objects, references }: { readonly objects: readonly UsedObject[]; readonly references: References },
  policy: PrunePolicy,
  { now, free, otherBytes }: PruneSituation,
): Chosen[] {
  const chosen = new Map<UsedObject, Chosen>();
  const unpacked = unpackedFrom(objects, references);
  let left = otherBytes + objects.reduce((sum, { bytes }) => sum + bytes, 0);
  let available = free;
  const choose = (object: UsedObject, reason: Chosen['reason']): void => {
    if (chosen.has(object) || object.held) return;
    chosen.set(object, { object, reason });
    left -= object.bytes;
    available += object.bytes;
    // An unpacked layer without its blob is of no use.
    if (object.kind === 'blob') for (const layer of unpacked.get(object.name) ?? []) choose(layer, reason);
  };

  for (const object of objects) if (!object.referenced) choose(object, 'unreferenced');
  const candidates = objects
    .filter(({ held, named }) => !held && (policy.all || !named))
    .sort((a, b) => a.lastUsed - b.lastUsed || RANK[a.kind] - RANK[b.kind]);
  const { maxBytes, olderThan, minFreeBytes } = policy;
  const isLimited = maxBytes !== undefined || olderThan !== undefined || minFreeBytes !== undefined;
  for (const object of candidates) {
    if (policy.all && !isLimited) choose(object, 'all');
    if (olderThan !== undefined && object.lastUsed <= now - olderThan) choose(object, 'age');
    if (maxBytes !== undefined && left > maxBytes) choose(object, 'size');
    if (minFreeBytes !== undefined && available < minFreeBytes) choose(object, 'free space');
  }
  return [...chosen.values()];
}

/** Unpacked layers by the blob that they come from. */
function unpackedFrom(objects: readonly UsedObject[], { layers }: References): Map<string, UsedObject[]> {
  const byBlob = new Map<string, UsedObject[]>();
  for (const object of objects) {
    const origins = object.kind === 'layer' ? (layers.get(object.name) ?? []) : [];
    for (const { descriptor } of origins) {
      const blob = digestHex(descriptor.digest);
      byBlob.set(blob, [...(byBlob.get(blob) ?? []), object]);
    }
  }
  return byBlob;
}
