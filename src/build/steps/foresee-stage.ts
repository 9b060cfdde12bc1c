import { stepSources } from '../../instructions/step-sources.ts';
import { recordLayer } from '../cache/records.ts';
import { createStepLookUp } from '../cache/step-look-up.ts';
import type { LayerRef } from '../images/layer-ref.ts';
import type { Services } from '../services.ts';
import type { KeyedStage, StepGraph } from './step-graph.ts';
import type { StepOutcomes } from './step-outcomes.ts';

/** What a stage's filesystem would be without anything being done. */
export interface ForeseenStage {
  /** Undefined when a step would run. */
  readonly layers: readonly LayerRef[] | undefined;
  /** Content digest of the filesystem, as in the stage builder. */
  readonly content: string | undefined;
}

/**
 * Looks up what a build of a stage would hit, by step keys alone; what it would do is told to the outcomes. What stands
 * on a step that would run would run as well, unless that one comes out the same: nobody can know.
 */
export async function foreseeStage(
  stage: KeyedStage,
  deps: {
    readonly services: Services;
    readonly graph: StepGraph;
    readonly outcomes: StepOutcomes;
    readonly useCache: boolean;
  },
): Promise<ForeseenStage> {
  const { services, graph, outcomes, useCache } = deps;
  const look = createStepLookUp(services, graph);
  const memo = new Map<KeyedStage, Promise<ForeseenStage>>();

  const foresee = (each: KeyedStage): Promise<ForeseenStage> => {
    const known = memo.get(each) ?? foreseen(each);
    memo.set(each, known);
    return known;
  };

  const foreseen = async (each: KeyedStage): Promise<ForeseenStage> => {
    const { base, state } = each.dispatched;
    const keys = each.steps.map(({ key }) => key);
    const found = useCache ? await look.find(keys, state.platform) : [];
    let at: ForeseenStage = each.parent
      ? await foresee(each.parent)
      : { layers: base.kind === 'image' ? base.image.layers : [], content: undefined };
    for (const [i, keyed] of each.steps.entries()) {
      const hit = keyed.reuse === 'any' ? found[i] : undefined;
      const isOnOther = !keyed.isApart && at.content !== undefined && hit?.record.parent !== at.content;
      if (hit && !isOnOther) {
        outcomes.hit(keyed, 'step-key', hit.from, hit.record);
        const content = keyed.isApart && at.layers?.length !== 0 ? undefined : hit.record.tree.content;
        at = { layers: at.layers && [...at.layers, recordLayer(hit.record)], content };
        continue;
      }
      const anew = useCache ? 'no-cache-filter' : 'no-cache';
      outcomes.missed(
        keyed,
        !useCache || keyed.reuse === 'none' ? anew : hit ? 'other-parent' : look.refusal(keyed.key),
      );
      outcomes.due(keyed);
      at = { layers: undefined, content: undefined };
      for (const ref of stepSources(keyed.step)) if (ref.kind === 'stage') await foresee(await graph.stage(ref.index));
    }
    return at;
  };

  if (useCache) await look.prefetch(stage);
  return foresee(stage);
}
