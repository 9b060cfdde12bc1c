import { spawn } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { VarveError } from '../../errors.ts';
import { importedState } from '../../instructions/stage-state.ts';
import { fromText, joinBytes } from '../../io/byte-path.ts';
import { assembleLayer } from '../../layer/assemble-layer.ts';
import { detectCompression, MAGIC_BYTES } from '../../layer/decompress.ts';
import { unpackLayer } from '../../layer/unpack-layer.ts';
import { OCI_LAYER } from '../../oci/media-types.ts';
import type { Platform } from '../../oci/platform.ts';
import { applyLayer } from '../../snapshot/apply-layer.ts';
import type { Services } from '../services.ts';
import { type Image, keepImage, makeImage } from './image.ts';
import { makeImageConfig } from './image-config.ts';

/**
 * Makes an image of one layer from a tar of a root filesystem.
 * @throws VarveError `IMPORT_FAILED` when the file cannot be read; as unpackLayer() when it is no tar of files
 */
export async function importRoot(path: string, platform: Platform, services: Services): Promise<Image> {
  const { store, libc, files, trees, records, clock, signal } = services;
  const temp = await store.makeTemp('import');
  const raw = await store.blobs.put(await openTar(path, services));
  try {
    const dest = join(temp.path, 'fs');
    await mkdir(dest);
    const unpacked = await unpackLayer({
      source: store.blobs.path(raw.digest),
      mediaType: OCI_LAYER,
      expected: raw,
      dest,
      ...(services.unpackLimits ? { limits: services.unpackLimits } : {}),
      whiteouts: services.xattrs,
      libc,
      signal,
    });
    const layer = await assembleLayer(unpacked.items, {
      ...services.compression,
      blobs: store.blobs,
      cache: services.frames,
      signal,
      content: async (entryPath) => ({ path: joinBytes(fromText(dest), entryPath) }),
    });
    await records.putTree(layer.diffId, await applyLayer(trees, undefined, unpacked.items));
    files.adopt(layer.diffId, dest);
    const created = new Date(clock.now()).toISOString();
    const layers = [{ descriptor: layer.descriptor, diffId: layer.diffId, created }];
    const image = makeImage(
      makeImageConfig({ state: importedState(platform), base: undefined, layers }, created),
      layers,
      platform,
    );
    await keepImage(store, image);
    return image;
  } finally {
    await store.blobs.delete(raw.digest);
    await temp.remove();
  }
}

/** The file's bytes; what Node cannot inflate goes through the program of its name. */
async function openTar(path: string, services: Services): Promise<AsyncIterable<Uint8Array>> {
  const compression = detectCompression(await firstBytes(path));
  if (compression !== 'bzip2' && compression !== 'xz') return createReadStream(path);
  const program = services.program(compression);
  if (!program) {
    throw new VarveError('IMPORT_FAILED', `${path} is compressed with ${compression}, which is not installed`, {
      hint: `install ${compression === 'xz' ? 'xz-utils' : 'bzip2'}, or give the tar uncompressed`,
    });
  }
  return outputOf(program, path);
}

async function* outputOf(program: string, path: string): AsyncGenerator<Uint8Array> {
  const child = spawn(program, ['-dc', '--', path], { stdio: ['ignore', 'pipe', 'ignore'] });
  const ended = new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve));
  yield* child.stdout;
  const code = await ended;
  if (code !== 0) throw new VarveError('IMPORT_FAILED', `${program} could not read ${path} (exit code ${code})`);
}

async function firstBytes(path: string): Promise<Buffer> {
  try {
    await using file = await open(path, 'r');
    const bytes = Buffer.alloc(MAGIC_BYTES);
    const { bytesRead } = await file.read(bytes, 0, bytes.length, 0);
    return bytes.subarray(0, bytesRead);
  } catch (error) {
    throw new VarveError(
      'IMPORT_FAILED',
      `${path} cannot be read: ${(error as NodeJS.ErrnoException).code ?? 'error'}`,
      { cause: error },
    );
  }
}
