import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { removeTree } from '../scripts/temporary-directory.ts';
import { writeSmallFiles } from './base-image.ts';
import { inRounds } from './figures.ts';
import type { Scenario } from './scenario.ts';

const SMALL_FILES = 100_000;
const LARGE_MIB = 2048;

/** A COPY of 100,000 files and one of 2 GB: how much memory the largest process takes, and of a second build. */
export function memory(): Scenario {
  return {
    name: 'memory',
    what: `COPY of ${SMALL_FILES} files and one of 2 GB: peak memory of the first build, and of one with a file changed`,
    builders: ['varve'],
    prepare: async (bench) => {
      const context = join(bench.disk, 'context-memory');
      writeSmallFiles(join(context, 'small'), SMALL_FILES);
      writeMostlyZeros(join(context, 'large.bin'), LARGE_MIB);
      writeFileSync(join(bench.disk, 'memory.Dockerfile'), 'FROM scratch\nCOPY . /app\n');
    },
    run: async (bench, builder, round) => {
      const state = join(bench.disk, `memory-${round}`);
      mkdirSync(state);
      const context = join(bench.disk, 'context-memory');
      const dockerfile = join(bench.disk, 'memory.Dockerfile');
      const build = () => bench.measure(builder.build({ dockerfile, context, name: 'memory:1', push: false, state }));
      const cold = await build();
      writeFileSync(join(context, 'small/d50/f5050.txt'), `changed in round ${round}\n`);
      const changed = await build();
      removeTree(state);
      return { cold, changed };
    },
    figures: (rounds) =>
      (['cold', 'changed'] as const).map((phase) => ({
        what: `peak memory of a build with 100,000 files and one of 2 GB, ${phase}`,
        unit: 'MiB',
        bar: 300,
        values: inRounds(rounds, 'varve', (phases) => phases[phase]!.peakRssKib / 1024),
      })),
  };
}

/** A number at the start of each MiB: its compression takes no time, its memory is that of any file. */
function writeMostlyZeros(path: string, mebibytes: number): void {
  const block = Buffer.alloc(2 ** 20);
  const file = openSync(path, 'w');
  for (let i = 0; i < mebibytes; i++) {
    block.writeUInt32LE(i, 0);
    writeSync(file, block);
  }
  closeSync(file);
}
