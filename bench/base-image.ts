import { createCipheriv } from 'node:crypto';
import { closeSync, mkdirSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { makeBusyboxRoot, packRoot } from '../scripts/busybox-base.ts';
import type { Bench } from './scenario.ts';
import { importImage } from './varve.ts';

const FILES_PER_DIRECTORY = 100;

/** Pushes busybox with `files` small files (100 to 4,000 bytes, no two alike) beside it, and gives the image's name. */
export async function pushBase(bench: Bench, name: string, files: number): Promise<string> {
  const work = join(bench.disk, `base-${name}`);
  const root = join(work, 'root');
  mkdirSync(root, { recursive: true });
  await makeBusyboxRoot(root);
  writeSmallFiles(join(root, 'data'), files);
  const tar = join(work, 'base.tar');
  await packRoot(root, tar);
  const reference = `${bench.registry}/bench/${name}:1`;
  await bench.measure(importImage(tar, reference, bench.registry, work));
  rmSync(work, { recursive: true });
  return reference;
}

/** Writes `count` files of 100 to 4,000 bytes, a hundred in a directory; the same bytes every time. */
export function writeSmallFiles(directory: string, count: number): void {
  for (let i = 0; i < count; i++) {
    const folder = join(directory, `d${Math.floor(i / FILES_PER_DIRECTORY)}`);
    if (i % FILES_PER_DIRECTORY === 0) mkdirSync(folder, { recursive: true });
    const size = 100 + ((i * 2654435761) % 3900);
    writeFileSync(join(folder, `f${i}.txt`), `file ${i} of ${count}, ${size} bytes\n`.repeat(150).slice(0, size));
  }
}

/** Writes bytes that don't compress, the same every time: AES-CTR of zeros. */
export function writeNoise(path: string, mebibytes: number): void {
  const cipher = createCipheriv('aes-128-ctr', Buffer.alloc(16, 1), Buffer.alloc(16));
  const zeros = Buffer.alloc(1024 * 1024);
  const file = openSync(path, 'w');
  for (let i = 0; i < mebibytes; i++) writeSync(file, cipher.update(zeros));
  closeSync(file);
}
