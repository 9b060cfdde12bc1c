import type { Digest } from '../../oci/digest.ts';
import type { CacheOptions } from '../cache/cache-options.ts';
import { recordLayer, type StepRecord } from '../cache/records.ts';
import type { FoundStep, StepLookUp } from '../cache/step-look-up.ts';
import type { LayerRef } from '../images/layer-ref.ts';
import type { SlotPlace } from './slots.ts';
import type { StageBuilderDeps } from './stage-builder-deps.ts';
import type { KeyedStage, KeyedStep } from './step-graph.ts';

/** A step's record, and whether its key by content costs nothing to know. */
export interface StepUpload {
  readonly record: StepRecord;
  readonly isContentKnown: boolean;
  /** The cache that it was found in just now. */
  readonly from?: string | undefined;
}

/** Hands steps' records to the cache that is written to. */
export interface StepUploads {
  /** @param below the layers that the step was done on */
  add(stage: KeyedStage, ordinal: number, result: StepUpload, below: readonly LayerRef[]): Promise<void>;
  /** A cache of every step has those of stages too that a hit made needless: as far as they are known, beside the build. */
  addRest(): void;
}

export function createStepUploads({
  deps,
  look,
  built,
  isWanted,
  keyByContent,
}: {
  readonly deps: Pick<StageBuilderDeps, 'services' | 'graph' | 'slots' | 'useCache'>;
  readonly look: StepLookUp;
  /** The layers of a stage that was needed. */
  readonly built: (stage: KeyedStage) => Promise<readonly LayerRef[]> | undefined;
  /** Whether a stage's layers are the image's. */
  readonly isWanted: (stage: KeyedStage) => boolean;
  readonly keyByContent: (keyed: KeyedStep, content: string) => Promise<Digest>;
}): StepUploads {
  const { services, graph, slots, useCache } = deps;
  const uploads = services.remote?.uploads;
  const isElsewhere = readsElsewhere(services.cache);

  const add: StepUploads['add'] = async (stage, ordinal, { record, isContentKnown, from }, below) => {
    const keyed = stage.steps[ordinal]!;
    if (!uploads || (uploads.mode === 'min' && !isWanted(stage))) return;
    if (from !== undefined && uploads.has(record)) return;
    const content = isContentKnown ? [await keyByContent(keyed, record.parent)] : [];
    uploads.add({
      keys: [keyed.key, ...content],
      record,
      below,
      platform: keyed.step.platform,
      ...(takesFiles(keyed) ? { slot: slots.key(slotPlace(stage, ordinal)) } : {}),
    });
  };

  const find = async ({ steps, dispatched }: KeyedStage): Promise<(FoundStep | undefined)[]> => {
    const keys = steps.map(({ key }) => key);
    return isElsewhere ? look.find(keys, dispatched.state.platform) : look.here(keys);
  };

  /** The stage's layers; undefined when one of its steps is not known. */
  const addSkipped = async (stage: KeyedStage): Promise<readonly LayerRef[] | undefined> => {
    const known = built(stage);
    if (known) return known;
    const { base } = stage.dispatched;
    let layers = stage.parent ? await addSkipped(stage.parent) : base.kind === 'image' ? base.image.layers : [];
    const found = await find(stage);
    for (const [i, keyed] of stage.steps.entries()) {
      const step = keyed.reuse === 'any' ? found[i] : undefined;
      if (!layers || !step) return undefined;
      await add(stage, i, { ...step, isContentKnown: hasKnownContent(keyed) }, keyed.isApart ? [] : layers);
      layers = [...layers, recordLayer(step.record)];
    }
    return layers;
  };

  return {
    add,
    addRest() {
      if (!useCache || uploads?.mode !== 'max') return;
      uploads.beside(async () => {
        for (const stage of await graph.stages()) await addSkipped(stage);
      });
    },
  };
}

export function slotPlace({ dispatched, steps }: KeyedStage, ordinal: number): SlotPlace {
  return { stage: dispatched.name, ordinal, step: steps[ordinal]!.step };
}

/** Whether a step's key by content can be told without building what it reads from. */
export function hasKnownContent({ sources }: KeyedStep): boolean {
  return sources.every(({ content }) => !content);
}

/** Whether entries of the step's last result may keep their mtimes: it takes files from somewhere else. */
export function takesFiles({ step }: Pick<KeyedStep, 'step'>): boolean {
  return step.kind === 'copy' || step.kind === 'add';
}

/** Whether records are read from other places than the one that they are written to. */
function readsElsewhere(cache: CacheOptions | undefined): boolean {
  const to = JSON.stringify(cache?.to?.place);
  return cache?.from.some((place) => JSON.stringify(place) !== to) ?? false;
}
