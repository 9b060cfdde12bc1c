import { mkdirSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { outputOf } from '../scripts/run-process.ts';
import { temporaryDirectory } from '../scripts/temporary-directory.ts';

export interface Disk extends Disposable {
  readonly path: string;
  readonly description: string;
}

/** The image is sparse: it takes what is written to it. */
const SIZE = '24G';

/**
 * A place for the builders' state. For root it is a fresh ext4 with a journal on a loop device, the same on every machine and
 * in every run; else, and where there is no loop device, a plain temporary directory.
 */
export async function freshDisk(): Promise<Disk> {
  const { path, [Symbol.dispose]: dispose } = temporaryDirectory('varve-bench');
  const mounted = join(path, 'disk');
  mkdirSync(mounted);
  if (userInfo().uid !== 0) return { path: mounted, description: 'temporary directory', [Symbol.dispose]: dispose };
  try {
    const image = join(path, 'disk.img');
    await outputOf(['truncate', `--size=${SIZE}`, image]);
    await outputOf([
      'mkfs.ext4',
      '-q',
      '-F',
      '-O',
      'has_journal',
      '-E',
      'lazy_itable_init=0,lazy_journal_init=0',
      image,
    ]);
    await outputOf(['mount', '-o', 'loop', image, mounted]);
    return { path: mounted, description: 'fresh ext4 on a loop device', [Symbol.dispose]: dispose };
  } catch (error) {
    console.error(
      `bench: no loop device, a plain directory instead: ${error instanceof Error ? error.message : error}`,
    );
    return { path: mounted, description: 'temporary directory', [Symbol.dispose]: dispose };
  }
}
