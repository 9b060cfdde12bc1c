import type { UserInstruction } from '../dockerfile/ast.ts';
import { type StageState, withHistory } from './stage-state.ts';
import type { Words } from './words.ts';

/** USER: kept as text, resolved against the image's passwd when a RUN needs it. */
export function applyUser(state: StageState, instruction: UserInstruction, words: Words): StageState {
  const user = words.one(instruction.user);
  return withHistory({ ...state, config: { ...state.config, User: user } }, `USER ${user}`);
}
