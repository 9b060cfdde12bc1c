import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { removeTree } from '../scripts/temporary-directory.ts';
import { pushBase } from './base-image.ts';
import type { Builder } from './builder.ts';
import { against } from './figures.ts';
import type { Bench, Scenario } from './scenario.ts';

const RUNS = 9;
/** Bytes that each RUN adds: what a hit need not move. */
const STEP_MIB = 4;

/** Ten steps, all of them in a remote cache, on an empty store: what a fresh CI machine waits for. */
export function cached10(): Scenario {
  const build = (bench: Bench, builder: Builder, state: string, write: boolean) => {
    mkdirSync(state, { recursive: true });
    const context = join(bench.disk, 'cached10');
    const dockerfile = join(bench.disk, 'cached10.Dockerfile');
    const cache = { repository: `${bench.registry}/bench/cache-${builder.name}`, write };
    const name = `${bench.registry}/bench/cached10-${builder.name}:1`;
    return bench.measure(builder.build({ dockerfile, context, name, push: true, state, cache }));
  };
  return {
    name: 'cached10',
    what: `${RUNS} RUNs that write ${STEP_MIB} MiB each and a COPY, all in a remote cache, on an empty store, pushed to the same registry`,
    prepare: async (bench) => {
      await pushBase(bench, 'busybox', 0);
      const context = join(bench.disk, 'cached10');
      mkdirSync(context, { recursive: true });
      writeFileSync(join(context, 'file'), 'file\n');
      const runs = Array.from(
        { length: RUNS },
        (_, i) => `RUN dd if=/dev/urandom of=/file-${i} bs=1048576 count=${STEP_MIB}`,
      );
      const lines = [`FROM ${bench.registry}/bench/busybox:1`, ...runs, 'COPY file /file', ''];
      writeFileSync(join(bench.disk, 'cached10.Dockerfile'), lines.join('\n'));
      for (const builder of bench.builders) {
        const state = join(bench.disk, `${builder.name}-cached10-warm`);
        await build(bench, builder, state, true);
        removeTree(state);
      }
    },
    run: async (bench, builder, round) => {
      const state = join(bench.disk, `${builder.name}-cached10-${round}`);
      const cached = await build(bench, builder, state, false);
      removeTree(state);
      return { cached };
    },
    figures: (rounds) => [
      {
        what: 'ten steps from a remote cache on an empty store, by buildah with --cache-from',
        unit: 'x',
        bar: 0.2,
        values: against(rounds, 'buildah', 'cached'),
      },
    ],
  };
}
