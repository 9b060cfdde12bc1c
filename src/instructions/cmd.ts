import type { CmdInstruction } from '../dockerfile/ast.ts';
import { quoteGo } from './go-format.ts';
import { commandArgv } from './shell.ts';
import { type StageState, withHistory } from './stage-state.ts';

/** CMD: an exec form of no words resets it. */
export function applyCmd(state: StageState, { command }: CmdInstruction): StageState {
  const argv = commandArgv(state, command);
  const config = { ...state.config, Cmd: argv, ArgsEscaped: true };
  return withHistory({ ...state, config, cmdSet: true }, `CMD [${argv.map(quoteGo).join(' ')}]`);
}
