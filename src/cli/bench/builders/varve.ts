import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Metrics, metricsSchema } from '../../../build/explain/metrics.ts';
import type { Measured } from '../bench-row.ts';
import type { BenchBuilder, MeasuredBuild } from './bench-builder.ts';
import { cacheRepository } from './cache-place.ts';
import { diskUsage } from './disk-usage.ts';
import { runLogged } from './run-logged.ts';

export interface VarveSettings {
  /** This program: what is run with `build` after it. */
  readonly varve: readonly [program: string, ...args: string[]];
  /** More arguments of every build. */
  readonly args: readonly string[];
  /** Instead of a directory. */
  readonly cacheRepo: string | undefined;
  readonly signal: AbortSignal;
}

/** `varve build`, with what it says of itself in its metrics. */
export function varveBuilder({ varve, args, cacheRepo, signal }: VarveSettings): BenchBuilder {
  return {
    name: 'varve',
    forget: async (place) => rmSync(join(place, 'store'), { recursive: true, force: true }),
    async build(build) {
      const { place } = build;
      const [store, metricsFile] = [join(place, 'store'), join(place, 'metrics.json')];
      rmSync(metricsFile, { force: true });
      const before = diskUsage(store);
      const [program, ...first] = varve;
      const own = ['build', '--progress', 'plain', '--store', store, '--metrics-file', metricsFile];
      const ran = await runLogged(
        [
          ...([program, ...first, ...own] as [string, ...string[]]),
          ...['--output', 'type=cacheonly'],
          ...cacheFlags(build, cacheRepo),
          ...(build.file === undefined ? [] : ['--file', build.file]),
          ...args,
          ...build.args,
          build.context,
        ],
        build.log,
        signal,
      );
      const metrics = existsSync(metricsFile)
        ? metricsSchema.parse(JSON.parse(readFileSync(metricsFile, 'utf8')))
        : undefined;
      return { ...ran, diskBytes: diskUsage(store) - before, ...figures(metrics) };
    },
  };
}

function cacheFlags({ place, mode }: MeasuredBuild, cacheRepo: string | undefined): string[] {
  if (mode !== 'ci') return [];
  if (cacheRepo !== undefined) return ['--cache-repo', cacheRepository(cacheRepo, place)];
  const cache = join(place, 'cache');
  return [
    ...['--cache-to', `type=local,dest=${cache},mode=max`],
    ...(existsSync(cache) ? ['--cache-from', `type=local,src=${cache}`] : []),
  ];
}

function figures(metrics: Metrics | undefined): Omit<Measured, 'result' | 'wallMs' | 'diskBytes'> {
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
