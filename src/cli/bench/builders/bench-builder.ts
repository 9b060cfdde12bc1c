import type { BenchMode, Measured } from '../bench-row.ts';

/** One build of a benchmark. */
export interface MeasuredBuild {
  /** Has the builder's state and, as `checkout`, the files. */
  readonly place: string;
  readonly mode: BenchMode;
  readonly context: string;
  readonly file: string | undefined;
  /** Arguments of this build, besides the benchmark's. */
  readonly args: readonly string[];
  /** Gets what the build says. */
  readonly log: string;
}

/** A program that a benchmark measures. */
export interface BenchBuilder {
  readonly name: string;
  /** Removes what it keeps on the machine in this place. */
  forget(place: string): Promise<void>;
  /** Builds as a process of its own. A build that fails is measured like any other. */
  build(build: MeasuredBuild): Promise<Measured>;
}
