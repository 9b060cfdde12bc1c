import type { OnbuildInstruction } from '../dockerfile/ast.ts';
import type { StageState } from './stage-state.ts';

/** ONBUILD: kept as text for images and stages that are FROM this one; no line in the history. */
export function applyOnbuild(state: StageState, { trigger }: OnbuildInstruction): StageState {
  return { ...state, config: { ...state.config, OnBuild: [...(state.config.OnBuild ?? []), trigger] } };
}
