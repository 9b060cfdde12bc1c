import type { CommandLine, ShellInstruction } from '../dockerfile/ast.ts';
import { type StageState, withHistory } from './stage-state.ts';

const DEFAULT_SHELL = ['/bin/sh', '-c'];

/** SHELL: kept in the config, used by later shell forms. */
export function applyShell(state: StageState, { shell }: ShellInstruction): StageState {
  return withHistory({ ...state, config: { ...state.config, Shell: [...shell] } }, `SHELL [${shell.join(' ')}]`);
}

/** The argv of a command: an exec form as it is, a shell form after the state's SHELL. */
export function commandArgv(state: StageState, command: CommandLine): string[] {
  if (command.form === 'exec') return [...command.argv];
  const shell = state.config.Shell?.length ? state.config.Shell : DEFAULT_SHELL;
  return [...shell, command.script];
}
