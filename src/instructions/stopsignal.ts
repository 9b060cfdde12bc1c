import { constants } from 'node:os';
import type { StopsignalInstruction } from '../dockerfile/ast.ts';
import { VarveError } from '../errors.ts';
import { type StageState, withHistory } from './stage-state.ts';
import type { Words } from './words.ts';

const REALTIME = /^RTM(IN(\+([0-9]|1[0-5]))?|AX(-([0-9]|1[0-4]))?)$/;
const HIGHEST_SIGNAL = 64; // SIGRTMAX on Linux

/** STOPSIGNAL: a signal's name, with or without SIG, or its number; kept as written. */
export function applyStopsignal(state: StageState, instruction: StopsignalInstruction, words: Words): StageState {
  const signal = words.one(instruction.signal);
  if (!isSignal(signal)) {
    throw new VarveError('DOCKERFILE_VALUE', `invalid signal: ${signal}`, {
      hint: 'for example SIGTERM, SIGQUIT or 9',
    });
  }
  return withHistory({ ...state, config: { ...state.config, StopSignal: signal } }, `STOPSIGNAL ${signal}`);
}

function isSignal(text: string): boolean {
  if (/^\d+$/.test(text)) return Number(text) > 0 && Number(text) <= HIGHEST_SIGNAL;
  const name = text.toUpperCase().replace(/^SIG/, '');
  return `SIG${name}` in constants.signals || REALTIME.test(name);
}
