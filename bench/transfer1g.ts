import { randomFillSync } from 'node:crypto';
import { closeSync, mkdirSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { removeTree } from '../scripts/temporary-directory.ts';
import { type Figure, inRounds } from './figures.ts';
import type { Bench, Scenario } from './scenario.ts';
import { copyImage } from './varve.ts';

const LAYERS = 4;
const LAYER_MIB = 256;
const MIB = 1024 * 1024;

/** Push of an OCI layout of 1 GB that no compression helps, and pull of it into another one, beside skopeo. */
export function transfer1g(): Scenario {
  return {
    name: 'transfer1g',
    what: `push and pull of an image of ${LAYERS} layers with ${LAYER_MIB} MiB each; skopeo copy of the same`,
    builders: ['varve'],
    prepare: async () => {},
    run: async (bench, _, round) => {
      // New bytes in each round: skopeo remembers where it has pushed a blob, and mounts it from there.
      const layout = `oci:${await makeLayout(bench)}`;
      const registry = (tool: string): string => `${bench.registry}/bench/${tool}-${round}:1`;
      const pulled = (tool: string): string => join(bench.disk, `transfer-${tool}-${round}`);
      const skopeo = (from: string, to: string) => ({
        argv: ['skopeo', 'copy', '-q', '--src-tls-verify=false', '--dest-tls-verify=false', from, to],
        env: {},
      });
      const skopeoPush = await bench.measure(skopeo(layout, `docker://${registry('skopeo')}`));
      const push = await bench.measure(copyImage(layout, registry('varve'), bench.registry));
      const skopeoPull = await bench.measure(skopeo(`docker://${registry('skopeo')}`, `oci:${pulled('skopeo')}:1`));
      const pull = await bench.measure(copyImage(registry('varve'), `oci:${pulled('varve')}:1`, bench.registry));
      for (const tool of ['skopeo', 'varve']) rmSync(pulled(tool), { recursive: true });
      return { skopeoPush, push, skopeoPull, pull };
    },
    figures: (rounds) =>
      (['push', 'pull'] as const).flatMap((phase): Figure[] => [
        {
          what: `${phase} of a 1 GB image by skopeo copy of the same`,
          unit: 'x',
          bar: 1.3,
          values: inRounds(rounds, 'varve', (phases) => {
            const skopeo = phases[phase === 'push' ? 'skopeoPush' : 'skopeoPull']!;
            return phases[phase]!.wallSeconds / skopeo.wallSeconds;
          }),
        },
        {
          what: `peak memory of the ${phase} of a 1 GB image`,
          unit: 'MiB',
          bar: 200,
          values: inRounds(rounds, 'varve', (phases) => phases[phase]!.peakRssKib / 1024),
        },
      ]),
  };
}

async function makeLayout(bench: Bench): Promise<string> {
  const layout = join(bench.disk, 'transfer-layout');
  rmSync(layout, { recursive: true, force: true });
  const context = join(bench.disk, 'context-transfer');
  mkdirSync(context, { recursive: true });
  const names = Array.from({ length: LAYERS }, (_, i) => `data-${i}`);
  for (const name of names) writeRandom(join(context, name));
  const dockerfile = join(bench.disk, 'transfer.Dockerfile');
  writeFileSync(dockerfile, `FROM scratch\n${names.map((name) => `COPY ${name} /\n`).join('')}`);
  const state = join(bench.disk, 'transfer-state');
  mkdirSync(state, { recursive: true });
  const build = bench.builders[0]!.build({ dockerfile, context, name: 'transfer:1', push: false, state });
  const output = `--output=type=oci,tar=false,dest=${layout}`;
  await bench.measure({ ...build, argv: [...build.argv.slice(0, -1), output, context] });
  rmSync(context, { recursive: true });
  removeTree(state);
  return layout;
}

function writeRandom(path: string): void {
  const file = openSync(path, 'w');
  const block = Buffer.alloc(MIB);
  for (let i = 0; i < LAYER_MIB; i++) writeSync(file, randomFillSync(block));
  closeSync(file);
}
