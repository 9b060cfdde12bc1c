import type { Store } from '../../cas/store.ts';
import { createLimiter } from '../../io/limiter.ts';
import type { Log } from '../../io/log.ts';
import { FORMAT } from '../../layer/format.ts';
import { chainId } from '../../oci/chain-id.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { type Digest, digestOf } from '../../oci/digest.ts';
import { formatPlatform, type Platform } from '../../oci/platform.ts';
import { type CacheRecord, CHANGES_TYPE } from '../../registry/cache-record.ts';
import type { RecordSigner } from '../../registry/record-signer.ts';
import type { RecordStore } from '../../registry/record-store.ts';
import type { RepositoryName } from '../../registry/registry-client.ts';
import { encodeChanges } from '../../snapshot/changes-codec.ts';
import { diffTrees } from '../../snapshot/diff-trees.ts';
import type { RootTree, TreeStore } from '../../snapshot/tree.ts';
import { diffIds, type LayerRef } from '../images/layer-ref.ts';
import { type BlobRelayDeps, createBlobRelay } from './blob-relay.ts';
import { type BuildList, buildListAt, buildsRecord } from './build-list.ts';
import { createCircuit, type Reach } from './circuit.ts';
import { transferDeadline } from './deadlines.ts';
import { createPlaceCheck, type Given } from './place-check.ts';
import { createRecordWriter } from './record-writer.ts';
import type { Records, StepRecord } from './records.ts';
import { buildsTag, formTag, type RemoteRecords, slotTag, stepTag, treeTag } from './remote-records.ts';

/** Records on their way at once: each has one layer open, and its changes in memory. */
const UPLOADS_AT_ONCE = 3;

/** A step's result to be kept elsewhere. */
export interface UploadedStep {
  readonly keys: readonly Digest[];
  readonly record: StepRecord;
  /** Of COPY and ADD: the place of the step across builds. */
  readonly slot?: Digest;
  /** The layers below it. */
  readonly below: readonly LayerRef[];
  readonly platform: Platform;
}

export type UploadedForm = StepRecord['layer'] & Pick<StepRecord, 'kept'>;

/** Sends records beside the build. A failed upload is a warning. */
export interface RecordUploads {
  readonly mode: 'min' | 'max';
  /** Whether the place was given the record, as far as the store remembers. */
  has(record: Pick<StepRecord, 'kept'>): boolean;
  /** Sends a record; what the place was given before, when it turns out to be gone there. */
  add(step: UploadedStep): void;
  /** What a layer became, likewise; `kept` is told when the place has it. */
  addForm(key: Digest, form: UploadedForm, kept: (place: string) => Promise<void>): void;
  /**
   * Writes the list of a Dockerfile's builds over the one that is there.
   * @param isNews false: only where there is none
   * @param next gives the new list from the old one; undefined when nothing is to be written
   */
  addBuilds(key: Digest, isNews: boolean, next: (old: BuildList | undefined) => Promise<BuildList | undefined>): void;
  /** Waits for other work, too, which may add steps; its failure is told to nobody but the log. */
  beside(work: () => Promise<void>): void;
  /** The repository that has the layer once its upload has ended; undefined for layers that were not sent. */
  uploaded(layer: Digest): Promise<RepositoryName | undefined>;
  /** Waits for all. */
  finish(): Promise<void>;
}

export interface RecordUploadsDeps {
  readonly place: RecordStore;
  readonly reach: Reach;
  readonly mode: 'min' | 'max';
  readonly signer: RecordSigner | undefined;
  readonly store: Store;
  readonly trees: TreeStore;
  readonly records: Records;
  /** The caches that are read: what came from them is copied. */
  readonly remote: Pick<RemoteRecords, 'tree'>;
  readonly pull: BlobRelayDeps['pull'];
  readonly log: Log;
  readonly now: () => number;
  readonly signal: AbortSignal;
}

export function createRecordUploads(deps: RecordUploadsDeps): RecordUploads {
  const { place, store, trees, records, log, signal } = deps;
  const circuit = createCircuit(`writing to the cache ${place.name}`, deps.reach, log);
  const limiter = createLimiter(UPLOADS_AT_ONCE);
  const jobs = new Set<Promise<void>>();
  const layers = new Map<Digest, Promise<boolean>>();
  const bases = new Set<Digest>();
  const doubted: Given[] = [];
  const check = createPlaceCheck({ place, log, signal, now: deps.now });
  let lists: Promise<unknown> = Promise.resolve();

  const within = transferDeadline(signal);
  const { putBytes, putRecord } = createRecordWriter(place, deps.signer, within);
  const putFrom = createBlobRelay({ place, blobs: store.blobs, pull: deps.pull, within });

  const knownTree = async (below: readonly LayerRef[]): Promise<RootTree | undefined> => {
    const chain = chainId(diffIds(below));
    const tree = chain && (await records.tree(chain));
    return tree && (await trees.has(tree.exact)) ? tree : undefined;
  };

  const putChanges = async (from: RootTree | undefined, to: RootTree): Promise<Descriptor> => {
    const bytes = await encodeChanges(await diffTrees(trees, from, to));
    const descriptor = { mediaType: CHANGES_TYPE, digest: digestOf(bytes), size: bytes.length };
    await putBytes(descriptor, bytes);
    return descriptor;
  };

  /** The list of what a step changed: the one that came with the record where it can be had, else a new one. */
  const changesOf = async ({ record, below }: UploadedStep): Promise<Descriptor | undefined> => {
    const { changes, origin } = record;
    if (changes && (await putFrom(changes, origin))) return changes;
    const parent = await knownTree(below);
    const tree = await knownTree([...below, { ...record.layer }]);
    return (parent || below.length === 0) && tree ? putChanges(parent, tree) : undefined;
  };

  const upload = async (step: UploadedStep): Promise<boolean> => {
    const { record, keys, slot, platform } = step;
    if (!(await putFrom(record.layer.descriptor, record.origin))) return false;
    const changes = await changesOf(step);
    const { mediaType, digest, size } = record.layer.descriptor;
    const sent: CacheRecord = {
      kind: 'step',
      format: FORMAT,
      keys: [...keys, ...(slot ? [slot] : [])],
      tree: record.tree,
      ...(changes ? { changes: plain(changes) } : {}),
      created: record.created,
      platform: formatPlatform(platform),
      layer: { mediaType, digest, size },
      diffId: record.layer.diffId,
      parent: record.parent,
      durationMs: record.durationMs,
    };
    await putRecord(sent, tagsOf(step));
    const origin = record.origin ?? place.repository;
    await records.putStep(keys, {
      ...record,
      ...(changes ? { changes } : {}),
      ...(origin ? { origin } : {}),
      kept: [...new Set([...(record.kept ?? []), place.name])],
    });
    return true;
  };

  /** The tree of a base image, so that the next machine need not read its layers to know it. @param isOwn nobody is asked for it */
  const uploadBase = async (base: readonly LayerRef[], isOwn = false): Promise<void> => {
    const chain = chainId(diffIds(base))!;
    const own = await knownTree(base);
    if (isOwn && !own) return;
    if (await place.manifest(treeTag(chain), within(0))) return;
    const found = own ? undefined : await deps.remote.tree(chain);
    const tree = own ?? found?.tree;
    if (!tree) return;
    const changes = own ? await putChanges(undefined, own) : found?.changes;
    if (!changes || (found && !(await putFrom(changes, found.origin)))) return;
    const created = new Date(deps.now()).toISOString();
    const record: CacheRecord = { kind: 'tree', format: FORMAT, keys: [chain], tree, changes: plain(changes), created };
    await putRecord(record, [treeTag(chain)]);
  };

  const uploadBuilds = async (
    key: Digest,
    next: (old: BuildList | undefined) => Promise<BuildList | undefined>,
  ): Promise<boolean> => {
    const old = await buildListAt(place, key, { tag: buildsTag(key), signer: deps.signer, signal: within(0) });
    const list = await next(old);
    if (!list) return false;
    const record = buildsRecord(key, list, new Date(deps.now()).toISOString());
    await putBytes(record.builds, list.bytes);
    await putRecord(record, [buildsTag(key)]);
    return true;
  };

  const track = (job: Promise<unknown>): void => {
    const tracked: Promise<void> = job.then(
      () => void jobs.delete(tracked),
      () => void jobs.delete(tracked),
    );
    jobs.add(tracked);
  };

  const start = (work: () => Promise<boolean>): Promise<boolean> => {
    const job = limiter.run(async () => {
      if (circuit.isOpen || signal.aborted) return false;
      try {
        return await work();
      } catch (error) {
        if (!signal.aborted) circuit.failed(error);
        return false;
      }
    });
    track(job);
    return job;
  };

  const isKept = ({ kept }: Pick<StepRecord, 'kept'>): boolean => kept?.includes(place.name) ?? false;

  const doubt = (given: Given): void => {
    doubted.push(given);
    if (given.layer) check.begin();
  };

  const send = (step: UploadedStep): void => {
    layers.set(
      step.record.layer.descriptor.digest,
      start(() => upload(step)),
    );
  };

  const sendBase = (below: readonly LayerRef[], isOwn?: boolean): void =>
    void start(() => uploadBase(below, isOwn).then(() => true));

  const sendForm = (key: Digest, { descriptor, diffId }: StepRecord['layer'], kept: (place: string) => Promise<void>) =>
    void layers.set(
      descriptor.digest,
      start(async () => {
        if (!(await putFrom(descriptor, undefined))) return false;
        const { annotations } = descriptor;
        const created = new Date(deps.now()).toISOString();
        const layer = plain(descriptor);
        const more = annotations ? { annotations } : {};
        await putRecord({ kind: 'form', format: FORMAT, keys: [key], created, layer, diffId, ...more }, [formTag(key)]);
        await kept(place.name);
        return true;
      }),
    );

  return {
    mode: deps.mode,
    has: isKept,
    beside: (work) => track(work().catch((error) => log.debug(`${place.name}: ${(error as Error).message}`))),
    add(step) {
      const { record, below } = step;
      if (isKept(record)) doubt({ tags: tagsOf(step), layer: record.layer.descriptor, again: () => send(step) });
      else send(step);
      const chain = chainId(diffIds(below));
      if (!chain || bases.has(chain) || below.some(({ result }) => result)) return;
      bases.add(chain);
      if (isKept(record)) doubt({ tags: [treeTag(chain)], again: () => sendBase(below, true) });
      else sendBase(below);
    },
    addForm(key, form, kept) {
      const again = (): void => sendForm(key, form, kept);
      if (isKept(form)) doubt({ tags: [formTag(key)], layer: form.descriptor, again });
      else again();
    },
    addBuilds(key, isNews, next) {
      const send = (): void => {
        lists = lists.then(() => start(() => uploadBuilds(key, next)));
        track(lists);
      };
      if (isNews) send();
      else doubt({ tags: [buildsTag(key)], again: send });
    },
    uploaded: async (layer) => ((await layers.get(layer)) ? place.repository : undefined),
    async finish() {
      for (;;) {
        while (jobs.size > 0) await Promise.all(jobs);
        const given = doubted.splice(0);
        const isUsed = layers.size > 0 || given.some(({ layer }) => layer);
        if (given.length === 0 || !isUsed || circuit.isOpen) return;
        for (const { again } of await check.missing(given)) again();
        if (jobs.size === 0) return;
      }
    },
  };
}

function tagsOf({ keys, slot }: UploadedStep): string[] {
  return [...keys.map(stepTag), ...(slot ? [slotTag(slot)] : [])];
}

function plain({ mediaType, digest, size }: Descriptor): { mediaType: string; digest: Digest; size: number } {
  return { mediaType, digest, size };
}
