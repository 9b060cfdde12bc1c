import type { Builder } from './builder.ts';
import type { Figure, Rounds } from './figures.ts';
import type { Cost } from './measure.ts';

/** What a scenario is given; `measure` runs a command and says what it cost. */
export interface Bench {
  /** On the disk under test. */
  readonly disk: string;
  /** Host and port, plain HTTP. */
  readonly registry: string;
  readonly builders: readonly Builder[];
  readonly measure: (command: { argv: readonly string[]; env: Readonly<Record<string, string>> }) => Promise<Cost>;
}

export interface Scenario {
  readonly name: string;
  readonly what: string;
  /** Makes inputs and brings every builder to the state that the first phase starts from. Not measured. */
  prepare(bench: Bench): Promise<void>;
  /** Runs all phases once, in order; the keys of the result are the phases. `round` counts from 0 and is in what is built. */
  run(bench: Bench, builder: Builder, round: number): Promise<Readonly<Record<string, Cost>>>;
  /** What the rounds say about what is promised. */
  figures(rounds: Rounds): readonly Figure[];
  /** Builders of its own instead of those that are compared. */
  readonly builders?: readonly string[];
}
