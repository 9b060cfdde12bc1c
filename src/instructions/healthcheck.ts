import type { HealthcheckInstruction } from '../dockerfile/ast.ts';
import type { RunConfig } from '../oci/image-config.ts';
import { formatGoDuration, quoteGo } from './go-format.ts';
import { type StageState, withHistory } from './stage-state.ts';

/** HEALTHCHECK: what was not given stays out; the runtime has the defaults. */
export function applyHealthcheck(state: StageState, instruction: HealthcheckInstruction): StageState {
  const { test, interval, timeout, startPeriod, startInterval, retries } = instruction;
  const Healthcheck: RunConfig['Healthcheck'] = {
    Test: [...test],
    ...(interval ? { Interval: interval } : {}),
    ...(timeout ? { Timeout: timeout } : {}),
    ...(startPeriod ? { StartPeriod: startPeriod } : {}),
    ...(startInterval ? { StartInterval: startInterval } : {}),
    ...(retries ? { Retries: retries } : {}),
  };
  const durations = [interval, timeout, startPeriod, startInterval].map((ns) => `"${formatGoDuration(ns)}"`);
  const retriesRune = `'\\x${retries.toString(16).padStart(2, '0')}'`;
  const shown = `&{[${test.map(quoteGo).join(' ')}] ${durations.join(' ')} ${retriesRune}}`;
  return withHistory({ ...state, config: { ...state.config, Healthcheck } }, `HEALTHCHECK ${shown}`);
}
