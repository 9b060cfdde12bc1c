import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeBusyboxRoot } from '../scripts/busybox-base.ts';
import { outputOf } from '../scripts/run-process.ts';
import { pushBase } from './base-image.ts';
import type { Builder } from './builder.ts';
import { inRounds } from './figures.ts';
import type { Bench, Scenario } from './scenario.ts';

const STEPS = 40;
const SHELL_LOOP =
  'i=0; while [ $i -lt "$0" ]; do runc run --bundle "$1" "varve-bench-$$-$i" </dev/null; i=$((i+1)); done';

/** What varve adds to a RUN: forty of `true` in a build beside one, and the same number of bare starts of runc. */
export function runStart(): Scenario {
  const build = async (bench: Bench, builder: Builder, round: number, steps: number) => {
    const state = join(bench.disk, builder.name);
    const context = join(bench.disk, 'empty');
    for (const directory of [state, context]) mkdirSync(directory, { recursive: true });
    const dockerfile = join(bench.disk, `run-start.${steps}.Dockerfile`);
    // Steps that differ, so that each one runs.
    const lines = Array.from({ length: steps }, (_, i) => `RUN : ${i}`);
    writeFileSync(
      dockerfile,
      [`FROM ${bench.registry}/bench/busybox:1`, `ENV ROUND=${round}.${steps}`, ...lines].join('\n'),
    );
    return bench.measure(builder.build({ dockerfile, context, name: `run-start:${steps}`, push: false, state }));
  };
  return {
    name: 'run-start',
    what: `${STEPS} RUNs that do nothing, one, and ${STEPS} bare starts of runc`,
    builders: ['varve'],
    prepare: async (bench) => {
      await pushBase(bench, 'busybox', 0);
      for (const builder of bench.builders) await build(bench, builder, -1, 1);
      await makeBundle(join(bench.disk, 'bundle'));
    },
    run: async (bench, builder, round) => ({
      bare: await bench.measure({ argv: ['sh', '-c', SHELL_LOOP, String(STEPS), join(bench.disk, 'bundle')], env: {} }),
      many: await build(bench, builder, round, STEPS),
      one: await build(bench, builder, round, 1),
    }),
    figures: (rounds) => [
      {
        what: "what varve adds to a RUN beyond the sandbox's own start",
        unit: 'ms',
        bar: 15,
        values: inRounds(
          rounds,
          'varve',
          ({ many, one, bare }) =>
            1000 * ((many!.wallSeconds - one!.wallSeconds) / (STEPS - 1) - bare!.wallSeconds / STEPS),
        ),
      },
    ],
  };
}

/** runc's own default configuration, and `true` to run. */
async function makeBundle(bundle: string): Promise<void> {
  if (existsSync(bundle)) return;
  mkdirSync(join(bundle, 'rootfs'), { recursive: true });
  await makeBusyboxRoot(join(bundle, 'rootfs'));
  await outputOf(['runc', 'spec', '--bundle', bundle]);
  const path = join(bundle, 'config.json');
  const config = JSON.parse(readFileSync(path, 'utf8')) as { process: { terminal: boolean; args: string[] } };
  config.process = { ...config.process, terminal: false, args: ['/bin/sh', '-c', ': 0'] };
  writeFileSync(path, JSON.stringify(config));
}
