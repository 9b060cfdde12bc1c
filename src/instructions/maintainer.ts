import type { MaintainerInstruction } from '../dockerfile/ast.ts';
import { type StageState, withHistory } from './stage-state.ts';

/** MAINTAINER: the image's author; not expanded. */
export function applyMaintainer(state: StageState, { maintainer }: MaintainerInstruction): StageState {
  return withHistory({ ...state, author: maintainer }, `MAINTAINER ${maintainer}`);
}
