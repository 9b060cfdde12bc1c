import type { Log } from '../../io/log.ts';
import type { Digest } from '../../oci/digest.ts';
import type { BlobName, RecordStore } from '../../registry/record-store.ts';

/** How long the place is asked what it still has, in ms: no build is worth waiting longer for that. */
const GLANCE_MS = 3000;
/** How long a turn is, in ms: each has its own question, and each layer its turn. */
const TURN_MS = 1000;
/** One turn in so many asks for a layer instead of for the tags. */
const LAYER_TURN = 8;

/** Something that a place was given in an earlier build. */
export interface Given {
  readonly tags: readonly string[];
  readonly layer?: BlobName;
  /** Sends it again. */
  again(): void;
}

/** Finds out what a place has lost of what it was given, with one question as a rule, whatever there is to ask about. */
export interface PlaceCheck {
  /** Asks what can be asked before all is known. */
  begin(): void;
  /** What the place lacks, as far as the answers say; nothing when it does not answer. */
  missing(given: readonly Given[]): Promise<readonly Given[]>;
}

/**
 * The list of tags says which records are gone; where not all of them can be listed, one record stands for all. That a record is
 * there and its layer is not is rare: in every eighth turn of the clock one layer is asked for instead, each time another one.
 */
export function createPlaceCheck({
  place,
  log,
  signal,
  now,
}: {
  readonly place: RecordStore;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly now: () => number;
}): PlaceCheck {
  let listed: Promise<ReadonlySet<string> | undefined> | undefined;
  const soon = (): AbortSignal => AbortSignal.any([signal, AbortSignal.timeout(GLANCE_MS)]);

  const list = async (): Promise<ReadonlySet<string> | undefined> => {
    try {
      const tags = await place.tags(soon());
      return tags && new Set(tags);
    } catch (error) {
      log.debug(`the cache ${place.name} does not list its tags: ${(error as Error).message}`);
      return undefined;
    }
  };

  const turn = Math.floor(now() / TURN_MS);
  const isLayerTurn = place.repository !== undefined && turn % LAYER_TURN === LAYER_TURN - 1;
  const begin = (): void => {
    if (!isLayerTurn) listed ??= list();
  };

  /** Whether one of them is there, by its record or its layer. */
  const sampled = async (given: readonly Given[]): Promise<boolean> => {
    const withLayer = given.filter(({ layer }) => layer);
    const sample = withLayer[Math.floor(turn / LAYER_TURN) % withLayer.length];
    if (!sample) return true;
    if (isLayerTurn) return place.hasBlob(sample.layer!, soon());
    return (await place.manifest(sample.tags[0]!, soon())) !== undefined;
  };

  return {
    begin,
    async missing(given) {
      begin();
      const tags = await listed;
      try {
        if (place.repository === undefined) return await missingFiles(place, given, tags, soon());
        if (tags) return given.filter((each) => !each.tags.every((tag) => tags.has(tag)));
        return (await sampled(given)) ? [] : given;
      } catch (error) {
        log.debug(`the cache ${place.name} is taken to have what it was given: ${(error as Error).message}`);
        return [];
      }
    },
  };
}

/** A directory is asked for each of them. */
async function missingFiles(
  place: RecordStore,
  given: readonly Given[],
  tags: ReadonlySet<string> | undefined,
  signal: AbortSignal,
): Promise<Given[]> {
  const known = new Map<Digest, boolean>();
  const missing: Given[] = [];
  for (const each of given) {
    const { layer } = each;
    const isThere = !layer || (known.get(layer.digest) ?? (await place.hasBlob(layer, signal)));
    if (layer) known.set(layer.digest, isThere);
    if (!isThere || !each.tags.every((tag) => tags?.has(tag))) missing.push(each);
  }
  return missing;
}
