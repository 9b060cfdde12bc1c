import type { VolumeInstruction } from '../dockerfile/ast.ts';
import { VarveError } from '../errors.ts';
import { type StageState, withHistory } from './stage-state.ts';
import type { Words } from './words.ts';

/** VOLUME: metadata only; what later steps write below it is kept. */
export function applyVolume(state: StageState, instruction: VolumeInstruction, words: Words): StageState {
  const paths = instruction.paths.map((path) => words.one(path));
  if (paths.includes('')) throw new VarveError('DOCKERFILE_VALUE', 'VOLUME specified can not be an empty string');
  const Volumes = { ...state.config.Volumes, ...Object.fromEntries(paths.map((path) => [path, {}])) };
  return withHistory({ ...state, config: { ...state.config, Volumes } }, `VOLUME [${paths.join(' ')}]`);
}
