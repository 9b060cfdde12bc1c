import { stepSources } from '../../instructions/step-sources.ts';
import type { DispatchedStage, StageDispatcher } from './dispatch-stage.ts';

/** A stage and all that it needs, dispatched, in the order of the file. */
export async function reachableStages(dispatcher: StageDispatcher, index: number): Promise<DispatchedStage[]> {
  const found = new Map<number, DispatchedStage>();
  const visit = async (at: number): Promise<void> => {
    if (found.has(at)) return;
    const stage = await dispatcher.stage(at);
    found.set(at, stage);
    if (stage.base.kind === 'stage') await visit(stage.base.stage.index);
    for (const step of stage.steps)
      for (const ref of stepSources(step)) if (ref.kind === 'stage') await visit(ref.index);
  };
  await visit(index);
  return [...found.values()].sort((a, b) => a.index - b.index);
}
