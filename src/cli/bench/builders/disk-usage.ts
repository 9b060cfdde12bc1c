import { type BigIntStats, lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Unit of st_blocks. @see https://man7.org/linux/man-pages/man3/stat.3type.html */
const BLOCK_BYTES = 512n;

/** Bytes that files take on disk, each hard link once; 0 for what is not there. */
export function diskUsage(path: string): number {
  const seen = new Set<string>();
  let blocks = 0n;
  const add = (name: string): void => {
    const stat: BigIntStats | undefined = lstatSync(name, { bigint: true, throwIfNoEntry: false });
    if (!stat) return;
    if (stat.nlink > 1n && !stat.isDirectory()) {
      const id = `${stat.dev} ${stat.ino}`;
      if (seen.has(id)) return;
      seen.add(id);
    }
    blocks += stat.blocks;
    if (stat.isDirectory()) for (const child of readdirSync(name)) add(join(name, child));
  };
  add(path);
  return Number(blocks * BLOCK_BYTES);
}
