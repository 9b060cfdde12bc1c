import { mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { removeTree } from '../scripts/temporary-directory.ts';
import { pushBase, writeNoise, writeSmallFiles } from './base-image.ts';
import { against, inRounds } from './figures.ts';
import type { Scenario } from './scenario.ts';

const SMALL_FILES = 20_000;
const LARGE_MIB = 100;
const MIB = 2 ** 20;

/** COPY of 20,000 small files and a large one, pushed: into nothing, unchanged, with fresh mtimes, and with one file changed too. */
export function copy20k(): Scenario {
  return {
    name: 'copy20k',
    what: `COPY of ${SMALL_FILES} small files and one of ${LARGE_MIB} MiB, pushed: empty store, unchanged, all mtimes fresh, one file changed too`,
    prepare: async (bench) => {
      await pushBase(bench, 'busybox', 0);
      for (const builder of bench.builders) {
        // Each builder has its own, because the last phase edits it.
        const context = join(bench.disk, `context-${builder.name}`);
        writeSmallFiles(join(context, 'small'), SMALL_FILES);
        writeNoise(join(context, 'large.bin'), LARGE_MIB);
      }
      const dockerfile = `FROM ${bench.registry}/bench/busybox:1\nCOPY . /app\n`;
      writeFileSync(join(bench.disk, 'copy20k.Dockerfile'), dockerfile);
    },
    run: async (bench, builder, round) => {
      const state = join(bench.disk, `${builder.name}-copy20k`);
      mkdirSync(state);
      const context = join(bench.disk, `context-${builder.name}`);
      // A repository that has nothing, so that the first push sends everything.
      const name = `${bench.registry}/bench/copy20k-${builder.name}-${round}:1`;
      const dockerfile = join(bench.disk, 'copy20k.Dockerfile');
      const build = () => bench.measure(builder.build({ dockerfile, context, name, push: true, state }));
      writeFileSync(join(context, 'small/round.txt'), `round ${round}\n`);
      const cold = await build();
      const unchanged = await build();
      touchAll(context);
      const touched = await build();
      writeFileSync(join(context, 'small/d50/f5050.txt'), `changed in round ${round}\n`);
      touchAll(context);
      const changed = await build();
      removeTree(state);
      return { cold, unchanged, touched, changed };
    },
    figures: (rounds) => {
      const varve = (value: Parameters<typeof inRounds>[2]) => inRounds(rounds, 'varve', value);
      return [
        {
          what: 'COPY of 20,000 files and 100 MiB, cold, by buildah',
          unit: 'x',
          bar: 0.5,
          values: against(rounds, 'buildah', 'cold'),
        },
        {
          what: 'one file changed, mtimes fresh, by buildah',
          unit: 'x',
          bar: 0.12,
          values: against(rounds, 'buildah', 'changed'),
        },
        {
          what: 'one file changed, mtimes fresh: recompressed',
          unit: 'MiB',
          bar: 2,
          values: varve(({ changed }) => changed!.counts!.bytesCompressed / MIB),
        },
        {
          what: 'nothing changed, mtimes fresh: files opened',
          unit: 'files',
          bar: SMALL_FILES + 2,
          values: varve(({ touched }) => touched!.counts!.filesOpened),
        },
        {
          what: 'nothing changed, mtimes fresh: compressed',
          unit: 'frames',
          bar: 0,
          values: varve(({ touched }) => touched!.counts!.framesCompressed),
        },
        {
          what: 'nothing changed: files opened',
          unit: 'files',
          bar: 0,
          values: varve(({ unchanged }) => unchanged!.counts!.filesOpened),
        },
        {
          what: 'nothing changed: the whole process',
          unit: 's',
          bar: 0.5,
          values: varve(({ unchanged }) => unchanged!.wallSeconds),
        },
        {
          what: 'nothing changed: user and system time',
          unit: 's',
          bar: 0.5,
          values: varve(({ unchanged }) => unchanged!.cpuSeconds),
        },
      ];
    },
  };
}

/** Gives everything a time that it never had, as a checkout does. */
function touchAll(root: string): void {
  const now = Date.now() / 1000;
  for (const name of readdirSync(root, { recursive: true }) as string[]) utimesSync(join(root, name), now, now);
}
