import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { VarveError } from '../errors.ts';
import { writeTar } from '../layer/write-tar.ts';
import { walkTree } from '../snapshot/walk-tree.ts';
import type { Image } from './image.ts';
import { materialize } from './materialize.ts';
import type { Services } from './services.ts';

/** Writes the image's root filesystem as one tar: a file, put in place when it is complete, or a stream. */
export async function exportTar(
  image: Image,
  dest: string | Writable,
  { files, trees, signal }: Services,
): Promise<void> {
  const tree = await files.tree(image.layers);
  const source = files.source(image.layers, tree);
  const tar = writeTar(walkTree(trees, tree), (path, entry) => source.content(path, entry));
  if (typeof dest !== 'string') return pipeline(tar, dest, { signal, end: false });
  const partial = `${dest}.partial-${process.pid}`;
  try {
    await pipeline(tar, createWriteStream(partial), { signal });
    await rename(partial, dest);
  } catch (error) {
    await rm(partial, { force: true });
    throw error instanceof VarveError
      ? error
      : new VarveError('OUTPUT_FAILED', `${dest} cannot be written: ${(error as Error).message}`, { cause: error });
  }
}

/** Writes the image's root filesystem into a directory, over what is there; owners are kept when varve runs as root. */
export async function exportDirectory(
  image: Image,
  dest: string,
  { files, libc }: Services,
  isRoot: boolean,
): Promise<void> {
  const tree = await files.tree(image.layers);
  const source = files.source(image.layers, tree);
  await materialize(source, '', dest, { libc, owners: isRoot ? 'keep' : 'none', replace: true });
}
