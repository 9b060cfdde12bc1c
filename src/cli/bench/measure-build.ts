import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { BenchMode, Measured } from './bench-row.ts';
import type { BenchBuilder } from './builders/bench-builder.ts';

/** What every benchmark needs. */
export interface BenchRun {
  /** Those that are compared; varve is the first. */
  readonly builders: readonly BenchBuilder[];
  /** Absolute: checkouts, stores, logs and what was measured. */
  readonly work: string;
  /** Arguments that all builds have: another one is another benchmark. */
  readonly buildArgs: readonly string[];
  readonly signal: AbortSignal;
  note(text: string): void;
}

/** Leaves of the build before what the mode says: in `ci` and `cold`, the builder's state and the checkout are new. */
export async function startBuild(builder: BenchBuilder, place: string, mode: BenchMode): Promise<void> {
  if (mode === 'warm') return;
  rmSync(join(place, 'checkout'), { recursive: true, force: true });
  await builder.forget(place);
}

/** The name of a directory, and of a log: varve's are named by what is built alone. */
export function ofBuilder(name: string, { name: builder }: BenchBuilder): string {
  return builder === 'varve' ? name : `${name}-${builder}`;
}

/** What a benchmark says of a build when it is done. */
export function measuredText({ result, wallMs, hits, misses }: Measured): string {
  return `${result} ${(wallMs / 1000).toFixed(1)}s, ${hits} hits, ${misses} misses`;
}
