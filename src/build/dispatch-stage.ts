import type { StageInstruction } from '../dockerfile/ast.ts';
import { expandHeredoc } from '../dockerfile/expand-word.ts';
import { parseTrigger } from '../dockerfile/parse-trigger.ts';
import { type SourceLocation, VarveError } from '../errors.ts';
import { type DispatchTools, dispatch } from '../instructions/dispatch.ts';
import { imageState, type StageState, scratchState, stageState } from '../instructions/stage-state.ts';
import type { Step } from '../instructions/step.ts';
import type { Platform } from '../oci/platform.ts';
import type { BaseImage } from './base-image.ts';
import { environmentMap, wordsOf } from './expand.ts';
import { type Plan, type PlannedStage, resolveSource } from './plan.ts';

/** A stage with everything known that can be known before a step runs. */
export interface DispatchedStage {
  readonly index: number;
  readonly name: string;
  readonly platform: Platform;
  readonly base:
    | { readonly kind: 'scratch' }
    | { readonly kind: 'image'; readonly image: BaseImage }
    | { readonly kind: 'stage'; readonly stage: DispatchedStage };
  /** The state after the last instruction. */
  readonly state: StageState;
  /** This stage's own steps, in order. */
  readonly steps: readonly Step[];
}

export interface StageDispatcher {
  /** Dispatches a stage and those it is FROM; each once. */
  stage(index: number): Promise<DispatchedStage>;
}

/** `image` resolves a base; `pin` tells where it is used, for errors. */
export function createDispatcher(
  plan: Plan,
  image: (reference: string, platform: Platform, location: SourceLocation) => Promise<BaseImage>,
): StageDispatcher {
  const memo = new Map<number, Promise<DispatchedStage>>();
  const stage = (index: number): Promise<DispatchedStage> => {
    const known = memo.get(index);
    if (known) return known;
    const promise = dispatchStage(plan, plan.stages[index]!, { stage, image });
    memo.set(index, promise);
    return promise;
  };
  return { stage };
}

async function dispatchStage(
  plan: Plan,
  planned: PlannedStage,
  get: StageDispatcher & {
    image: (reference: string, platform: Platform, location: SourceLocation) => Promise<BaseImage>;
  },
): Promise<DispatchedStage> {
  const { stage, index, platform } = planned;
  const { base, state, triggers } = await startStage(planned, get);
  const instructions: StageInstruction[] = [
    ...triggers.map((text) => parseTrigger(text, stage.from.location)),
    ...stage.instructions,
  ];
  const tools = toolsFor(plan, index);
  const steps: Step[] = [];
  let current = state;
  for (const instruction of instructions) {
    try {
      const result = dispatch(current, instruction, tools);
      current = result.state;
      if (result.step) steps.push(result.step);
    } catch (error) {
      throw error instanceof VarveError ? error.at(instruction.location) : error;
    }
  }
  return { index, name: stage.name ?? `stage-${index}`, platform, base, state: current, steps };
}

async function startStage(
  { base, platform, stage }: PlannedStage,
  get: Parameters<typeof dispatchStage>[2],
): Promise<{ base: DispatchedStage['base']; state: StageState; triggers: readonly string[] }> {
  switch (base.kind) {
    case 'scratch':
      return { base, state: scratchState(platform), triggers: [] };
    case 'stage': {
      const parent = await get.stage(base.index);
      return {
        base: { kind: 'stage', stage: parent },
        state: stageState(parent.state),
        triggers: parent.state.config.OnBuild ?? [],
      };
    }
    case 'image': {
      const image = await get.image(base.reference, platform, stage.from.location);
      return {
        base: { kind: 'image', image },
        state: imageState(platform, image.config),
        triggers: image.config.config?.OnBuild ?? [],
      };
    }
  }
}

function toolsFor(plan: Plan, index: number): DispatchTools {
  const escapeChar = plan.dockerfile.directives.escape;
  const globalArgs = new Map([...plan.globalArgs].filter(([name]) => !plan.buildArgs.has(name)));
  return {
    scope: { buildArgs: plan.buildArgs, globalArgs, platforms: plan.platforms, run: plan.run },
    words: (state) => wordsOf(escapeChar, state),
    heredoc: (state, body) => expandHeredoc(body, environmentMap(state)).value,
    source: (name, allowIndex) => resolveSource(plan, index, name, allowIndex),
  };
}
