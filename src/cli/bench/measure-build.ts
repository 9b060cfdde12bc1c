import { spawn } from 'node:child_process';
import { createWriteStream, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { finished } from 'node:stream/promises';
import { type Metrics, metricsSchema } from '../../build/explain/metrics.ts';
import type { BenchMode, Measured } from './bench-row.ts';

/** What every benchmark needs. */
export interface BenchRun {
  /** This program: what is run with `build` after it. */
  readonly varve: readonly [program: string, ...args: string[]];
  /** Absolute: checkouts, stores, logs and what was measured. */
  readonly work: string;
  /** More arguments of every varve build. */
  readonly buildArgs: readonly string[];
  readonly signal: AbortSignal;
  note(text: string): void;
}

export interface MeasuredBuild {
  /** Has the store, the cache and, as `checkout`, the files; see {@link startBuild}. */
  readonly place: string;
  readonly mode: BenchMode;
  readonly context: string;
  readonly file: string | undefined;
  /** And of this one. */
  readonly args: readonly string[];
  /** Gets what the build says. */
  readonly log: string;
}

/** Leaves of the build before what the mode says: in `ci` and `cold`, store and checkout are new. */
export function startBuild(place: string, mode: BenchMode): void {
  if (mode === 'warm') return;
  for (const name of ['store', 'checkout']) rmSync(join(place, name), { recursive: true, force: true });
}

/** Runs varve build as a process of its own. A build that fails is measured like any other. */
export async function measureBuild({ varve, buildArgs, signal }: BenchRun, build: MeasuredBuild): Promise<Measured> {
  const { place, mode } = build;
  const metricsFile = join(place, 'metrics.json');
  rmSync(metricsFile, { force: true });
  const cache = join(place, 'cache');
  const args = [
    ...['build', '--progress', 'plain', '--store', join(place, 'store'), '--metrics-file', metricsFile],
    ...['--output', 'type=cacheonly'],
    ...(mode === 'ci' ? ['--cache-to', `type=local,dest=${cache},mode=max`] : []),
    ...(mode === 'ci' && existsSync(cache) ? ['--cache-from', `type=local,src=${cache}`] : []),
    ...(build.file === undefined ? [] : ['--file', build.file]),
    ...buildArgs,
    ...build.args,
    build.context,
  ];
  mkdirSync(dirname(build.log), { recursive: true });
  const log = createWriteStream(build.log);
  const started = performance.now();
  const [program, ...first] = varve;
  const child = spawn(program, [...first, ...args], { stdio: ['ignore', 'pipe', 'pipe'], signal });
  child.stdout.pipe(log, { end: false });
  child.stderr.pipe(log, { end: false });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const wallMs = Math.round(performance.now() - started);
  await finished(log.end());
  signal.throwIfAborted();
  const metrics = existsSync(metricsFile)
    ? metricsSchema.parse(JSON.parse(readFileSync(metricsFile, 'utf8')))
    : undefined;
  return { result: code === 0 ? 'done' : 'failed', wallMs, ...figures(metrics) };
}

/** What a benchmark says of a build when it is done. */
export function measuredText({ result, wallMs, hits, misses }: Measured): string {
  return `${result} ${(wallMs / 1000).toFixed(1)}s, ${hits} hits, ${misses} misses`;
}

function figures(metrics: Metrics | undefined): Omit<Measured, 'result' | 'wallMs'> {
  const { hits = 0, misses = 0, reasons = {}, savedMs = 0, bytes } = metrics?.total ?? {};
  const missed = (metrics?.steps ?? []).filter(({ status }) => status === 'miss' || status === 'failed');
  return {
    ...{ hits, misses, reasons, savedMs },
    madeBytes: bytes?.made ?? 0,
    receivedBytes: bytes?.received ?? 0,
    sentBytes: bytes?.sent ?? 0,
    missed: missed.map(({ stage, title, reasons, spentMs }) => ({ stage, title, reasons, spentMs })),
  };
}
