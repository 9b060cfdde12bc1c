import type { EnvInstruction } from '../dockerfile/ast.ts';
import { type StageState, setVariable, splitEnv, withHistory } from './stage-state.ts';
import type { Words } from './words.ts';

/** ENV: all values see the environment from before the instruction. */
export function applyEnv(state: StageState, instruction: EnvInstruction, words: Words): StageState {
  let environment = state.environment;
  let image = (state.config.Env ?? []).map(splitEnv);
  const shown: string[] = [];
  for (const pair of instruction.pairs) {
    const key = words.one(pair.key);
    const value = words.one(pair.value);
    environment = setVariable(environment, key, value);
    image = setVariable(image, key, value);
    shown.push(`${key}=${value}`);
  }
  const config = { ...state.config, Env: image.map(({ key, value }) => `${key}=${value}`) };
  return withHistory({ ...state, environment, config }, `ENV ${shown.join(' ')}`);
}
