import type { Cost } from './measure.ts';
import { spreadOf } from './statistics.ts';

/** What one builder's phases cost in one round. */
export type Phases = Readonly<Record<string, Cost>>;
/** All rounds of all builders, by the builder's name. */
export type Rounds = ReadonlyMap<string, readonly Phases[]>;

/** One number that was promised, as it came out in each round. */
export interface Figure {
  readonly what: string;
  readonly unit: 'x' | 's' | 'ms' | 'MiB' | 'files' | 'frames' | 'steps';
  readonly bar: number;
  readonly values: readonly number[];
}

/** A value of each round of one builder. */
export function inRounds(rounds: Rounds, builder: string, value: (phases: Phases) => number): number[] {
  return (rounds.get(builder) ?? []).map(value);
}

/** varve's wall time by another builder's, round by round; nothing when the other one didn't run. */
export function against(rounds: Rounds, builder: string, phase: string): number[] {
  const others = rounds.get(builder) ?? [];
  return inRounds(rounds, 'varve', (phases) => phases[phase]!.wallSeconds)
    .slice(0, others.length)
    .map((seconds, round) => seconds / others[round]![phase]!.wallSeconds);
}

/** A line for each figure: its median, smallest and largest value, the bar, and whether the median keeps it. */
export function formatFigures(figures: readonly Figure[]): string[] {
  return figures
    .filter(({ values }) => values.length > 0)
    .map(({ what, unit, bar, values }) => {
      const { min, median, max } = spreadOf(values);
      const digits = unit === 'files' || unit === 'frames' || unit === 'steps' ? 0 : 2;
      const [middle, low, high] = [median, min, max].map((value) => value.toFixed(digits));
      const verdict = median <= bar ? 'met' : 'MISSED';
      return `${verdict.padEnd(6)} ${what}: ${middle} ${unit} (${low} to ${high}), bar ${bar}`;
    });
}
