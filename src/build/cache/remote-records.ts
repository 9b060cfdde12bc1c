import type { BlobStore } from '../../cas/blob-store.ts';
import type { Clock } from '../../io/clock.ts';
import { createLimiter } from '../../io/limiter.ts';
import type { Log } from '../../io/log.ts';
import { FORMAT } from '../../layer/format.ts';
import { type Digest, digestHex } from '../../oci/digest.ts';
import { formatPlatform, type Platform } from '../../oci/platform.ts';
import { type CacheRecord, decodeRecord, RecordInvalid } from '../../registry/cache-record.ts';
import type { RecordSigner } from '../../registry/record-signer.ts';
import type { RecordStore } from '../../registry/record-store.ts';
import type { Refusal } from '../explain/build-record.ts';
import { SHARED_BUILDS_FORMAT } from '../explain/shared-builds.ts';
import { type BuildList, readBuildList } from './build-list.ts';
import { createCircuit, type Reach } from './circuit.ts';
import { LOOKUP_MS } from './deadlines.ts';
import type { StepRecord } from './records.ts';

/** Questions at once to each place: as many as its registry client sends, so that none waits while its time runs. */
const QUESTIONS_AT_ONCE = 16;

/** Records in other places than this store. No failure of theirs is one of the build's: it is a miss and a warning. */
export interface RemoteRecords {
  /** The first place's record of a key; every key is asked for once in a build. */
  step(key: Digest, platform: Platform): Promise<StepRecord | undefined>;
  /** Why step() took nothing of what a place has, or could not ask it; undefined when no place has anything. */
  refusal(key: Digest): Refusal | undefined;
  /** The next step() asks for this key again. */
  forget(key: Digest): void;
  /** Whether the layer of a record from step() is there; one in a directory is copied into the store. */
  confirm(record: Pick<StepRecord, 'layer' | 'changes' | 'kept'>): Promise<boolean>;
  /** The last record that was written in a slot. */
  slot(key: Digest, platform: Platform): Promise<StepRecord | undefined>;
  /** What a layer became in another form, under the name of that conversion; its blob is there. */
  form(key: Digest): Promise<RemoteForm | undefined>;
  /** What is known of a stack of layers by its chainID. */
  tree(chain: Digest): Promise<RemoteTree | undefined>;
  /** What the last builds of a Dockerfile were made of, and the place that says so. */
  builds(key: Digest): Promise<(BuildList & { readonly from: string }) | undefined>;
}

export type RemoteForm = StepRecord['layer'] & Pick<StepRecord, 'origin' | 'signer' | 'kept'>;
export type RemoteTree = Pick<StepRecord, 'tree' | 'changes' | 'origin'>;

export interface RemoteRecordsDeps {
  readonly places: readonly { readonly store: RecordStore; readonly reach: Reach }[];
  readonly signer: RecordSigner | undefined;
  readonly ttlMs: number | undefined;
  readonly blobs: BlobStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly lookupMs?: number;
}

/** The tag of a step's record is its key's hex digits. */
export function stepTag(key: Digest): string {
  return digestHex(key);
}

export function slotTag(key: Digest): string {
  return `slot-${digestHex(key)}`;
}

export function formTag(key: Digest): string {
  return `form-${digestHex(key)}`;
}

export function buildsTag(key: Digest): string {
  return `builds-${digestHex(key)}`;
}

export function mountTag(key: Digest): string {
  return `mount-${digestHex(key)}`;
}

export function treeTag(chain: Digest): string {
  return `tree-${digestHex(chain)}`;
}

interface Found {
  readonly record: CacheRecord;
  /** The first place that has it. */
  readonly store: RecordStore;
  /** Names of all places that have one, the first one first. */
  readonly kept: readonly string[];
}

export function createRemoteRecords(deps: RemoteRecordsDeps): RemoteRecords {
  const { blobs, clock, log, signal, signer } = deps;
  const places = deps.places.map(({ store, reach }) => ({
    store,
    circuit: createCircuit(`reading the cache ${store.name}`, reach, log),
    limiter: createLimiter(QUESTIONS_AT_ONCE),
    told: new Set<string>(),
  }));
  const asked = new Map<string, Promise<Found | undefined>>();
  const refusals = new Map<string, Refusal>();
  const deadline = (): AbortSignal => AbortSignal.any([signal, AbortSignal.timeout(deps.lookupMs ?? LOOKUP_MS)]);

  /** The first bad record of a place is a warning for each reason. */
  const complain = ({ store, told }: (typeof places)[number], tag: string, why: string): void => {
    const text = `the cache ${store.name}: record ${tag} is not used: ${why}`;
    if (told.has(why)) log.debug(text);
    else log.warn(text);
    told.add(why);
  };

  const readFrom = async (
    place: (typeof places)[number],
    tag: string,
    wanted: Parameters<typeof decodeRecord>[1],
  ): Promise<CacheRecord | undefined> => {
    if (place.circuit.isOpen) {
      refusals.set(tag, 'unreachable');
      return undefined;
    }
    try {
      const bytes = await place.limiter.run(() =>
        place.circuit.isOpen ? Promise.resolve(undefined) : place.store.manifest(tag, deadline()),
      );
      if (!bytes) return undefined;
      const record = decodeRecord(bytes, wanted, signer);
      if (!isYoung(record.created, deps.ttlMs, clock))
        throw new RecordInvalid('it is older than --cache-ttl', 'too-old');
      return record;
    } catch (error) {
      signal.throwIfAborted();
      refusals.set(tag, error instanceof RecordInvalid ? error.kind : 'unreachable');
      if (error instanceof RecordInvalid) complain(place, tag, error.message);
      else place.circuit.failed(error);
      return undefined;
    }
  };

  const read = (tag: string, wanted: Parameters<typeof decodeRecord>[1]): Promise<Found | undefined> => {
    const known = asked.get(tag);
    if (known) return known;
    const promise = Promise.all(places.map((place) => readFrom(place, tag, wanted))).then((records) => {
      const index = records.findIndex((record) => record !== undefined);
      if (index < 0) return undefined;
      const kept = places.flatMap(({ store }, i) => (records[i] ? [store.name] : []));
      return { record: records[index]!, store: places[index]!.store, kept };
    });
    promise.catch(() => {}); // whoever asks meets it
    asked.set(tag, promise);
    return promise;
  };

  const fetch = async (store: RecordStore, blob: { digest: Digest; size: number }): Promise<void> => {
    if (!(await blobs.has(blob.digest))) await blobs.put(await store.blob(blob, signal), blob);
  };

  const step = async (tag: string, key: Digest, platform: Platform): Promise<StepRecord | undefined> => {
    const wanted = { kind: 'step', key, format: FORMAT, platform: formatPlatform(platform) } as const;
    const found = await read(tag, wanted);
    if (found?.record.kind !== 'step') return undefined;
    const { layer, diffId, tree, parent, created, durationMs, changes } = found.record;
    const { repository } = found.store;
    return {
      layer: { descriptor: layer, diffId },
      tree,
      parent,
      created,
      durationMs,
      signer: signer?.id ?? '',
      kept: [...found.kept],
      ...(repository ? { origin: repository } : {}),
      ...(changes ? { changes } : {}),
    };
  };

  const confirm: RemoteRecords['confirm'] = async ({ layer: { descriptor }, changes, kept }) => {
    if (await blobs.has(descriptor.digest)) return true;
    const place = places.find(({ store }) => store.name === kept?.[0]);
    if (!place || place.circuit.isOpen) return false;
    try {
      const isThere = await place.limiter.run(() => place.store.hasBlob(descriptor, deadline()));
      if (!isThere) complain(place, descriptor.digest, 'its layer is gone');
      else if (!place.store.repository) {
        await fetch(place.store, descriptor);
        if (changes) await fetch(place.store, changes).catch((error: Error) => log.debug(error.message));
      }
      return isThere;
    } catch (error) {
      signal.throwIfAborted();
      place.circuit.failed(error);
      return false;
    }
  };

  return {
    step: (key, platform) => step(stepTag(key), key, platform),
    slot: (key, platform) => step(slotTag(key), key, platform),
    forget: (key) => void asked.delete(stepTag(key)),
    refusal: (key) => refusals.get(stepTag(key)),
    confirm,
    async form(key) {
      const found = await read(formTag(key), { kind: 'form', key, format: FORMAT });
      if (found?.record.kind !== 'form') return undefined;
      const { layer, diffId, annotations } = found.record;
      const { repository } = found.store;
      const form: RemoteForm = {
        descriptor: { ...layer, ...(annotations ? { annotations } : {}) },
        diffId,
        signer: signer?.id ?? '',
        kept: [...found.kept],
        ...(repository ? { origin: repository } : {}),
      };
      return (await confirm({ layer: form, kept: form.kept })) ? form : undefined;
    },
    async tree(chain) {
      const found = await read(treeTag(chain), { kind: 'tree', key: chain, format: FORMAT });
      if (found?.record.kind !== 'tree' || !found.record.changes) return undefined;
      const { tree, changes } = found.record;
      const { repository } = found.store;
      if (!repository) {
        const isFetched = await fetch(found.store, changes).then(
          () => true,
          () => false,
        );
        if (!isFetched) return undefined;
      }
      return { tree, changes, ...(repository ? { origin: repository } : {}) };
    },
    async builds(key) {
      const found = await read(buildsTag(key), { kind: 'builds', key, format: SHARED_BUILDS_FORMAT });
      if (found?.record.kind !== 'builds') return undefined;
      return { ...(await readBuildList(found.store, found.record, deadline())), from: found.store.name };
    },
  };
}

/** Whether something made at a time (RFC 3339) counts; what has no time that can be read doesn't. */
export function isYoung(created: string, ttlMs: number | undefined, clock: Clock): boolean {
  return ttlMs === undefined || clock.now() - Date.parse(created) <= ttlMs;
}
