import { existsSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { loadLibc } from '../src/io/libc.ts';
import { compareListings, createListingIndex } from '../src/snapshot/listing-index.ts';
import { createPlainPool, type PlainPool, walkPlain } from '../src/snapshot/walk-plain.ts';
import { writeSmallFiles } from './base-image.ts';
import { inRounds } from './figures.ts';
import type { Cost } from './measure.ts';
import type { Scenario } from './scenario.ts';

const FILES = 100_000;
const WORKERS = Math.min(cpus().length, 2);

/** The change walk on a plain rootfs where nothing changed, in this process, and find(1) with a stat for each path. */
export function plainWalk(): Scenario {
  return {
    name: 'plain-walk',
    what: `the walk that finds changes on a plain rootfs of ${FILES} files, and find -printf "%s %C@ %i\\n"`,
    builders: ['varve'],
    prepare: async (bench) => {
      const root = join(bench.disk, 'plain-walk');
      if (!existsSync(root)) writeSmallFiles(join(root, 'usr/share/data'), FILES);
    },
    run: async (bench) => {
      const root = join(bench.disk, 'plain-walk');
      const pool = createPlainPool(WORKERS);
      try {
        const before = await walk(root, pool);
        const scan = await cost(async () => {
          const after = await walk(root, pool);
          const comparison = compareListings(before, after);
          const [old, now] = [createListingIndex(before), createListingIndex(after)];
          for (const path of after.directories) comparison.isAsBefore(old.directory(path)!, now.directory(path)!);
        });
        const find = 'find "$1" -printf "%s %C@ %i\\n" > /dev/null';
        return { walk: scan, find: await bench.measure({ argv: ['sh', '-c', find, 'sh', root], env: {} }) };
      } finally {
        await pool.close();
      }
    },
    figures: (rounds) => [
      {
        what: 'the change walk on a plain rootfs by find',
        unit: 'x',
        bar: 1.5,
        values: inRounds(rounds, 'varve', (costs) => costs.walk!.wallSeconds / costs.find!.wallSeconds),
      },
      {
        what: 'the same by processor time',
        unit: 'x',
        bar: 1.5,
        values: inRounds(rounds, 'varve', (costs) => costs.walk!.cpuSeconds / costs.find!.cpuSeconds),
      },
    ],
  };
}

function walk(root: string, pool: PlainPool) {
  return walkPlain({ root, libc: loadLibc(), pool, workers: WORKERS });
}

/** What something costs in this process. */
async function cost(action: () => Promise<void>): Promise<Cost> {
  const [before, started] = [process.cpuUsage(), performance.now()];
  await action();
  const { user, system } = process.cpuUsage(before);
  const wallSeconds = (performance.now() - started) / 1000;
  return { wallSeconds, cpuSeconds: (user + system) / 1e6, peakRssKib: process.resourceUsage().maxRSS };
}
