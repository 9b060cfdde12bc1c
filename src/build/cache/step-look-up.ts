import type { Digest } from '../../oci/digest.ts';
import type { Platform } from '../../oci/platform.ts';
import type { Refusal } from '../explain/build-record.ts';
import type { Services } from '../services.ts';
import type { KeyedStage, StepGraph } from '../steps/step-graph.ts';
import type { StepRecord } from './records.ts';
import { isYoung } from './remote-records.ts';

/** A record, and the cache that it came from just now. */
export interface FoundStep {
  readonly record: StepRecord;
  readonly from?: string;
}

/** Finds records by key: in the store, then in the caches. What is found elsewhere is kept in the store. */
export interface StepLookUp {
  /** Asks the caches at once for everything that a stage may need and the store doesn't have. */
  prefetch(stage: KeyedStage): Promise<void>;
  /** In the store alone. */
  here(keys: readonly Digest[]): Promise<(FoundStep | undefined)[]>;
  find(keys: readonly Digest[], platform: Platform): Promise<(FoundStep | undefined)[]>;
  /** Why what find() saw under a key was not taken; undefined when there was nothing. */
  refusal(key: Digest): Refusal | undefined;
}

export function createStepLookUp(
  services: Pick<Services, 'records' | 'store' | 'remote' | 'lost' | 'cache' | 'clock' | 'meter'>,
  graph: StepGraph,
): StepLookUp {
  const { records, store, remote, lost, cache, clock, meter } = services;
  const visited = new Set<KeyedStage>();
  const refusals = new Map<Digest, Refusal>();

  /** Why a record does not count: its layer cannot be had, as far as is known, or it is not trusted. */
  const problemOf = async (record: StepRecord): Promise<Refusal | undefined> => {
    const { digest } = record.layer.descriptor;
    if (lost.get(digest) === 'lost') return 'layer-gone';
    if (!isYoung(record.created, cache?.ttlMs, clock)) return 'too-old';
    if (cache?.signer && record.signer !== undefined && record.signer !== cache.signer.id) return 'wrong-signature';
    // Asking holds the blob against a collection beside this build.
    return (await store.blobs.has(digest)) || record.origin !== undefined ? undefined : 'layer-gone';
  };

  const inStore = async (keys: readonly Digest[]): Promise<(StepRecord | undefined)[]> => {
    const found = await records.steps(keys);
    return Promise.all(
      found.map(async (record, i) => {
        const problem = record && (await problemOf(record));
        if (problem) refusals.set(keys[i]!, problem);
        return problem ? undefined : record;
      }),
    );
  };

  const elsewhere = async (key: Digest, platform: Platform): Promise<FoundStep | undefined> => {
    const record = await remote?.records.step(key, platform);
    if (!record) {
      const refusal = remote?.records.refusal(key);
      if (refusal !== undefined && !refusals.has(key)) refusals.set(key, refusal);
      return undefined;
    }
    if (lost.get(record.layer.descriptor.digest) === 'lost' || !(await remote?.records.confirm(record))) {
      refusals.set(key, 'layer-gone');
      return undefined;
    }
    await records.putStep([key], record);
    return { record, from: record.kept?.[0] ?? '' };
  };

  const prefetch = async (stage: KeyedStage): Promise<void> => {
    if (!remote || visited.has(stage)) return;
    visited.add(stage);
    const found = await inStore(stage.steps.map(({ key }) => key));
    const missing = stage.steps.filter(({ reuse }, i) => reuse === 'any' && !found[i]);
    for (const { key, step } of missing)
      meter.within(key, () => remote.records.step(key, step.platform)).catch(() => {}); // find() meets it
    const sources = missing.flatMap((keyed) => keyed.sources.map(({ ref }) => ref));
    const stages = sources.flatMap((ref) => (ref.kind === 'stage' ? [ref.index] : []));
    if (stage.parent) await prefetch(stage.parent);
    for (const index of new Set(stages)) await prefetch(await graph.stage(index));
  };

  return {
    prefetch,
    here: async (keys) => (await inStore(keys)).map((record) => record && { record }),
    refusal: (key) => refusals.get(key),
    async find(keys, platform) {
      const found = await inStore(keys);
      return Promise.all(
        found.map((record, i) => (record ? { record } : meter.within(keys[i]!, () => elsewhere(keys[i]!, platform)))),
      );
    },
  };
}
