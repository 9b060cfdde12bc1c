import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pushBase } from './base-image.ts';
import type { Builder } from './builder.ts';
import type { Bench, Scenario } from './scenario.ts';

const STEPS = 10;

/** Ten RUN steps that touch one file each, on a base with that many files: what a step costs when it changes next to nothing. */
export function touch10(base: string, files: number): Scenario {
  const name = `touch10.${base}`;
  const build = (bench: Bench, builder: Builder, id: string, lines: readonly string[]) => {
    const state = join(bench.disk, builder.name);
    const context = join(bench.disk, 'empty');
    for (const directory of [state, context]) mkdirSync(directory, { recursive: true });
    const dockerfile = join(bench.disk, `${name}.Dockerfile`);
    writeFileSync(dockerfile, [`FROM ${bench.registry}/bench/${base}:1`, ...lines, ''].join('\n'));
    return bench.measure(builder.build({ dockerfile, context, name: `${name}:${id}`, push: false, state }));
  };
  return {
    name,
    what: `${STEPS} RUNs that touch a file, base ${base} is unpacked: first build, the same again`,
    prepare: async (bench) => {
      await pushBase(bench, base, files);
      for (const builder of bench.builders) await build(bench, builder, 'unpack', ['RUN true']);
    },
    run: async (bench, builder, round) => {
      // An ENV that no build had before makes every step a miss, while the base stays unpacked.
      const touches = Array.from({ length: STEPS }, (_, i) => `RUN touch /root/touched-${i}`);
      const lines = [`ENV ROUND=${round}`, ...touches];
      const id = `round-${round}`;
      return { first: await build(bench, builder, id, lines), again: await build(bench, builder, id, lines) };
    },
  };
}
