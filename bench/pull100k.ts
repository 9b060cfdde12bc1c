import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { makeBusyboxRoot, packRoot } from '../scripts/busybox-base.ts';
import { outputOf } from '../scripts/run-process.ts';
import { removeTree } from '../scripts/temporary-directory.ts';
import { inRounds } from './figures.ts';
import type { Scenario } from './scenario.ts';
import { importImage } from './varve.ts';

const FILES = 100_000;
const FILE_BYTES = 16_000;
const FILES_PER_DIRECTORY = 100;

const manifestSchema = z.object({ layers: z.array(z.object({ digest: z.string() })) });

/** Pull and unpack of a base of 100,000 files and 1.6 GB from a registry, beside `tar xzf` of the same layer from a file. */
export function pull100k(): Scenario {
  return {
    name: 'pull100k',
    what: `pull and unpack a base of ${FILES} files and 1.6 GB; tar xzf of the same layer`,
    builders: ['varve'],
    prepare: async (bench) => {
      const work = join(bench.disk, 'base-100k');
      const root = join(work, 'root');
      mkdirSync(root, { recursive: true });
      await makeBusyboxRoot(root);
      writeFiles(join(root, 'data'));
      const tar = join(work, 'base.tar');
      await packRoot(root, tar);
      rmSync(root, { recursive: true });
      await bench.measure(importImage(tar, `${bench.registry}/bench/base100k:1`, bench.registry, work));
      rmSync(work, { recursive: true });
      const manifest = await fetch(`http://${bench.registry}/v2/bench/base100k/manifests/1`, {
        headers: { accept: 'application/vnd.oci.image.manifest.v1+json' },
      });
      const { digest } = manifestSchema.parse(await manifest.json()).layers[0]!;
      const layer = join(bench.disk, 'base100k.tar.gz');
      await outputOf(['curl', '-sSf', '-o', layer, `http://${bench.registry}/v2/bench/base100k/blobs/${digest}`]);
      writeFileSync(join(bench.disk, 'pull100k.Dockerfile'), `FROM ${bench.registry}/bench/base100k:1\nRUN true\n`);
      mkdirSync(join(bench.disk, 'empty'), { recursive: true });
    },
    run: async (bench, builder, round) => {
      const [state, unpacked] = [join(bench.disk, `pull-${round}`), join(bench.disk, `tar-${round}`)];
      for (const directory of [state, unpacked]) mkdirSync(directory);
      const layer = join(bench.disk, 'base100k.tar.gz');
      const tar = await bench.measure({ argv: ['tar', '-xzf', layer, '-C', unpacked], env: {} });
      const pull = await bench.measure(
        builder.build({
          dockerfile: join(bench.disk, 'pull100k.Dockerfile'),
          context: join(bench.disk, 'empty'),
          name: 'pull100k:1',
          push: false,
          state,
        }),
      );
      // Removing a tree loads the disk for a while: the directories wait for the end, on a disk of 24 GB.
      if (readdirSync(bench.disk).filter((name) => /^(pull|tar)-/.test(name)).length > 6)
        for (const directory of [state, unpacked]) removeTree(directory);
      return { tar, pull };
    },
    figures: (rounds) => [
      {
        what: 'pull and unpack of 100,000 files and 1.6 GB by tar xzf of the layer',
        unit: 'x',
        bar: 0.9,
        values: inRounds(rounds, 'varve', ({ pull, tar }) => pull!.wallSeconds / tar!.wallSeconds),
      },
    ],
  };
}

/** 16 KB each, no two alike, which gzip halves: as programs and their data are. */
function writeFiles(directory: string): void {
  let state = 1;
  const content = Buffer.alloc(FILE_BYTES);
  for (let i = 0; i < FILES; i++) {
    const folder = join(directory, `d${Math.floor(i / FILES_PER_DIRECTORY)}`);
    if (i % FILES_PER_DIRECTORY === 0) mkdirSync(folder, { recursive: true });
    for (let at = 0; at < FILE_BYTES; at += 4) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      content.writeUInt32LE(at & 32 ? state : i, at);
    }
    writeFileSync(join(folder, `f${i}`), content);
  }
}
