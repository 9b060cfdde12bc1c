import type { StageInstruction } from '../dockerfile/ast.ts';
import { applyArg } from './arg.ts';
import { applyCmd } from './cmd.ts';
import { applyEntrypoint } from './entrypoint.ts';
import { applyEnv } from './env.ts';
import { applyExpose } from './expose.ts';
import { applyHealthcheck } from './healthcheck.ts';
import { applyLabel } from './label.ts';
import { applyMaintainer } from './maintainer.ts';
import { applyOnbuild } from './onbuild.ts';
import { planRun } from './run-step.ts';
import { applyShell } from './shell.ts';
import type { StageScope, StageState } from './stage-state.ts';
import type { SourceRef, Step } from './step.ts';
import { applyStopsignal } from './stopsignal.ts';
import { planTransfer } from './transfer-step.ts';
import { applyUser } from './user.ts';
import { applyVolume } from './volume.ts';
import type { Words } from './words.ts';
import { applyWorkdir } from './workdir.ts';

export interface DispatchTools {
  readonly scope: StageScope;
  /** Expansion with a state's environment. */
  words(state: StageState): Words;
  /** A heredoc body expanded with a state's environment, quotes kept. */
  heredoc(state: StageState, body: string): string;
  /** What `--from=name` means here. `index` says whether numbers name stages (COPY, not mounts). */
  source(name: string, allowIndex: boolean): SourceRef;
}

/**
 * Applies one instruction: the state after it, and the step it makes when it changes files. Pure: nothing is run,
 * read or asked for.
 * @throws VarveError with what is wrong in the instruction's values
 */
export function dispatch(
  state: StageState,
  instruction: StageInstruction,
  tools: DispatchTools,
): { readonly state: StageState; readonly step?: Step } {
  const words = tools.words(state);
  switch (instruction.kind) {
    case 'arg':
      return { state: applyArg(state, instruction, tools.scope, tools.words) };
    case 'env':
      return { state: applyEnv(state, instruction, words) };
    case 'label':
      return { state: applyLabel(state, instruction, words) };
    case 'cmd':
      return { state: applyCmd(state, instruction) };
    case 'entrypoint':
      return { state: applyEntrypoint(state, instruction) };
    case 'shell':
      return { state: applyShell(state, instruction) };
    case 'expose':
      return { state: applyExpose(state, instruction, words) };
    case 'volume':
      return { state: applyVolume(state, instruction, words) };
    case 'user':
      return { state: applyUser(state, instruction, words) };
    case 'stopsignal':
      return { state: applyStopsignal(state, instruction, words) };
    case 'maintainer':
      return { state: applyMaintainer(state, instruction) };
    case 'healthcheck':
      return { state: applyHealthcheck(state, instruction) };
    case 'onbuild':
      return { state: applyOnbuild(state, instruction) };
    case 'workdir':
      return applyWorkdir(state, instruction, words);
    case 'run':
      return planRun(state, instruction, tools.scope, {
        expand: (value) => words.one(value),
        source: (name) => tools.source(name, false),
      });
    case 'copy':
    case 'add':
      return planTransfer(state, instruction, words, {
        source: (name) => tools.source(name, true),
        heredoc: (body) => tools.heredoc(state, body),
      });
  }
}
