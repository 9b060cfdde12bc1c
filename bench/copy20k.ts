import { createCipheriv } from 'node:crypto';
import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { removeTree } from '../scripts/temporary-directory.ts';
import { pushBase, writeSmallFiles } from './base-image.ts';
import type { Scenario } from './scenario.ts';

const SMALL_FILES = 20_000;
const LARGE_MIB = 100;

/** COPY of 20,000 small files and a large one, pushed: into nothing, unchanged, and with one small file changed. */
export function copy20k(): Scenario {
  return {
    name: 'copy20k',
    what: `COPY of ${SMALL_FILES} small files and one of ${LARGE_MIB} MiB, pushed: empty store, unchanged, one file changed`,
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
      writeFileSync(join(context, 'small/d50/f5050.txt'), `changed in round ${round}\n`);
      const changed = await build();
      removeTree(state);
      return { cold, unchanged, changed };
    },
  };
}

/** Writes bytes that don't compress, the same every time: AES-CTR of zeros. */
function writeNoise(path: string, mebibytes: number): void {
  const cipher = createCipheriv('aes-128-ctr', Buffer.alloc(16, 1), Buffer.alloc(16));
  const zeros = Buffer.alloc(1024 * 1024);
  const file = openSync(path, 'w');
  for (let i = 0; i < mebibytes; i++) writeSync(file, cipher.update(zeros));
  closeSync(file);
}
