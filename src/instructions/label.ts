import type { LabelInstruction } from '../dockerfile/ast.ts';
import { type StageState, withHistory } from './stage-state.ts';
import type { Words } from './words.ts';

/** LABEL: later ones of a name win. */
export function applyLabel(state: StageState, instruction: LabelInstruction, words: Words): StageState {
  const added = instruction.pairs.map(({ key, value }) => [words.one(key), words.one(value)] as const);
  const config = { ...state.config, Labels: { ...state.config.Labels, ...Object.fromEntries(added) } };
  return withHistory({ ...state, config }, `LABEL ${added.map(([key, value]) => `${key}=${value}`).join(' ')}`);
}
