import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pushBase } from './base-image.ts';
import type { Builder } from './builder.ts';
import { inRounds } from './figures.ts';
import type { Cost } from './measure.ts';
import type { Bench, Scenario } from './scenario.ts';

const STEPS = 10;
const BASES = { base60k: 60_000, busybox: 0 } as const;

/** Ten RUN steps that touch one file each, on a base of many files and on one of none, in turns: what a step costs when it changes next to nothing. */
export function touch10(): Scenario {
  const build = (bench: Bench, builder: Builder, base: string, id: string, lines: readonly string[]) => {
    const state = join(bench.disk, builder.name);
    const context = join(bench.disk, 'empty');
    for (const directory of [state, context]) mkdirSync(directory, { recursive: true });
    const dockerfile = join(bench.disk, `touch10.${base}.Dockerfile`);
    writeFileSync(dockerfile, [`FROM ${bench.registry}/bench/${base}:1`, ...lines, ''].join('\n'));
    return bench.measure(builder.build({ dockerfile, context, name: `touch10.${base}:${id}`, push: false, state }));
  };
  return {
    name: 'touch10',
    what: `${STEPS} RUNs that touch a file, on bases of 60,000 files and of none, both unpacked: first build, the same again`,
    prepare: async (bench) => {
      for (const [base, files] of Object.entries(BASES)) {
        await pushBase(bench, base, files);
        for (const builder of bench.builders) await build(bench, builder, base, 'unpack', ['RUN true']);
      }
    },
    run: async (bench, builder, round) => {
      // An ENV that no build had before makes every step a miss, while the base stays unpacked.
      const touches = Array.from({ length: STEPS }, (_, i) => `RUN touch /root/touched-${i}`);
      const lines = [`ENV ROUND=${round}`, ...touches];
      const costs: Record<string, Cost> = {};
      for (const phase of ['first', 'again'])
        for (const base of Object.keys(BASES))
          costs[`${base} ${phase}`] = await build(bench, builder, base, `round-${round}`, lines);
      return costs;
    },
    figures: (rounds) => [
      {
        what: 'ten RUNs on a base of 60,000 files by the same on busybox',
        unit: 'x',
        bar: 1.2,
        values: inRounds(
          rounds,
          'varve',
          (costs) => costs['base60k first']!.wallSeconds / costs['busybox first']!.wallSeconds,
        ),
      },
    ],
  };
}
