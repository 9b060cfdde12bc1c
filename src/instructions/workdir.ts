import type { WorkdirInstruction } from '../dockerfile/ast.ts';
import { resolveWorkdir, type StageState, userOf, withHistory, withLayerHistory, workdirOf } from './stage-state.ts';
import type { WorkdirStep } from './step.ts';
import type { Words } from './words.ts';

/** WORKDIR: relative to the one before; its directory is a step, but for `/`. */
export function applyWorkdir(
  state: StageState,
  instruction: WorkdirInstruction,
  words: Words,
): { state: StageState; step?: WorkdirStep } {
  const path = resolveWorkdir(workdirOf(state), words.one(instruction.path));
  const next = { ...state, config: { ...state.config, WorkingDir: path } };
  if (path === '/') return { state: withHistory(next, 'WORKDIR /') };
  return {
    state: withLayerHistory(next, `WORKDIR ${path}`),
    step: {
      kind: 'workdir',
      location: instruction.location,
      title: instruction.original,
      platform: state.platform,
      path,
      user: userOf(state),
    },
  };
}
