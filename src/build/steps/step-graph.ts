import { isMadeApart } from '../../instructions/copy-link.ts';
import type { Step } from '../../instructions/step.ts';
import { stepSources } from '../../instructions/step-sources.ts';
import type { CompressionSettings } from '../../layer/compressor.ts';
import type { Digest } from '../../oci/digest.ts';
import { type Definition, type Input, stepKey } from '../cache/step-key.ts';
import { imageKey, NOTHING } from '../images/layer-ref.ts';
import type { DispatchedStage, StageDispatcher } from '../plan/dispatch-stage.ts';
import type { KeyedSource, StepInputs } from './step-inputs.ts';

/** A step with its key: all that is known of it before it runs. */
export interface KeyedStep {
  readonly step: Step;
  readonly key: Digest;
  readonly definition: Definition;
  /** The stages and images that it reads from, besides the filesystem that it changes. */
  readonly sources: readonly KeyedSource[];
  /**
   * What finds an earlier result. Nothing in a stage that is to run anew (`none`); what stands on such a stage, or reads
   * from it, goes by the files that come out (`content`): its key is what it was, they may not be.
   */
  readonly reuse: 'any' | 'content' | 'none';
  /** Whether it is done on nothing, and its layer laid over whatever filesystem is there: `COPY --link`. */
  readonly isApart: boolean;
}

/** A stage with its steps' keys. */
export interface KeyedStage {
  readonly dispatched: DispatchedStage;
  /** The stage it is FROM. */
  readonly parent?: KeyedStage;
  readonly steps: readonly KeyedStep[];
  /** Names the stage's filesystem: its last step's key, or its base's. */
  readonly key: string;
  /** Whether its files come from a stage that is to run anew. */
  readonly isFresh: boolean;
}

export interface StepGraph {
  /** Keys of a stage's steps, and of what they depend on; each stage once. Reads the build context, runs nothing. */
  stage(index: number): Promise<KeyedStage>;
  /** Every stage whose keys were computed, in the Dockerfile's order. */
  stages(): Promise<KeyedStage[]>;
}

/**
 * @param compression how the steps' layers are compressed: a record whose layer is compressed otherwise is none
 * @param runsAnew whether a stage of this name is to be run whatever was kept of it
 */
export function createStepGraph(
  dispatcher: StageDispatcher,
  inputsOf: StepInputs,
  { compression, level }: CompressionSettings,
  runsAnew: (name: string) => boolean,
): StepGraph {
  const layer: Input = ['compression', `${compression} ${level}`];
  const memo = new Map<number, Promise<KeyedStage>>();
  const stage = (index: number): Promise<KeyedStage> => {
    const known = memo.get(index);
    if (known) return known;
    const promise = dispatcher
      .stage(index)
      .then((dispatched) => keyStage(dispatched, { stage }, inputsOf, { layer, runsAnew: runsAnew(dispatched.name) }));
    memo.set(index, promise);
    return promise;
  };
  const stages = async (): Promise<KeyedStage[]> => {
    const settled = await Promise.allSettled([...memo].sort(([a], [b]) => a - b).map(([, keyed]) => keyed));
    return settled.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  };
  return { stage, stages };
}

async function keyStage(
  dispatched: DispatchedStage,
  graph: Pick<StepGraph, 'stage'>,
  inputsOf: StepInputs,
  { layer, runsAnew }: { readonly layer: Input; readonly runsAnew: boolean },
): Promise<KeyedStage> {
  const { base } = dispatched;
  const parent = base.kind === 'stage' ? await graph.stage(base.stage.index) : undefined;
  let key = parent?.key ?? baseKey(base);
  let isFresh = runsAnew || (parent?.isFresh ?? false);
  const steps: KeyedStep[] = [];
  for (const step of dispatched.steps) {
    const { inputs, sources } = await inputsOf(step, graph);
    const definition = { kind: step.kind, platform: step.platform, inputs: [...inputs, layer] };
    const isApart = isMadeApart(step);
    const keyOn = (below: string): Digest => stepKey(definition, [below, ...sources.map((source) => source.key)]);
    const readsFresh = await readsFromFresh(step, graph);
    isFresh ||= readsFresh;
    const dependsOnFresh = isApart ? readsFresh : isFresh;
    const reuse = runsAnew ? 'none' : dependsOnFresh ? 'content' : 'any';
    steps.push({ step, key: keyOn(isApart ? NOTHING : key), definition, sources, reuse, isApart });
    key = keyOn(key);
  }
  return { dispatched, steps, key, isFresh, ...(parent ? { parent } : {}) };
}

async function readsFromFresh(step: Step, graph: Pick<StepGraph, 'stage'>): Promise<boolean> {
  for (const ref of stepSources(step)) if (ref.kind === 'stage' && (await graph.stage(ref.index)).isFresh) return true;
  return false;
}

function baseKey(base: DispatchedStage['base']): string {
  return base.kind === 'image' ? imageKey(base.image.layers) : NOTHING;
}
