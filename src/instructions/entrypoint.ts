import type { EntrypointInstruction } from '../dockerfile/ast.ts';
import { quoteGo } from './go-format.ts';
import { commandArgv } from './shell.ts';
import { type StageState, withHistory } from './stage-state.ts';

/** ENTRYPOINT: drops a CMD that this stage did not set itself. */
export function applyEntrypoint(state: StageState, { command }: EntrypointInstruction): StageState {
  const argv = commandArgv(state, command);
  const { Cmd, ...rest } = state.config;
  const config = { ...rest, ...(state.cmdSet && Cmd ? { Cmd } : {}), Entrypoint: argv };
  return withHistory({ ...state, config }, `ENTRYPOINT [${argv.map(quoteGo).join(' ')}]`);
}
