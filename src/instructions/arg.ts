import type { ArgInstruction } from '../dockerfile/ast.ts';
import { type StageScope, type StageState, setVariable, withHistory } from './stage-state.ts';
import type { Words } from './words.ts';

/**
 * ARG in a stage: --build-arg, else the default, else the global ARG's value, else nothing (an ENV of the name stays).
 * `wordsOf` gives expansion in a state, because a later argument of one ARG sees an earlier one.
 */
export function applyArg(
  state: StageState,
  instruction: ArgInstruction,
  scope: StageScope,
  wordsOf: (state: StageState) => Words,
): StageState {
  let next = state;
  const shown: string[] = [];
  for (const { key, value: fallback } of instruction.args) {
    const given = scope.buildArgs.get(key);
    let value = given;
    if (value === undefined && fallback !== undefined) value = wordsOf(next).one(fallback);
    if (value === undefined) value = scope.globalArgs.get(key);
    next = {
      ...next,
      args: [...next.args, { key, ...(value === undefined ? {} : { value }) }],
      environment: value === undefined ? next.environment : setVariable(next.environment, key, value),
    };
    shown.push(value === undefined ? key : `${key}=${value}`);
  }
  return withHistory(next, `ARG ${shown.join(' ')}`);
}
