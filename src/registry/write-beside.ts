import { randomBytes } from 'node:crypto';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { Writable } from 'node:stream';
import { type BytePath, baseOf, joinBytes, parentOf, toFsPath } from '../io/byte-path.ts';

/** Bytes that wait for the disk. */
const SINK_BYTES = 1024 * 1024;

/** A name that is free, in the same directory: `.app.tar.varve-1f2e3d4c5b6a`. */
export function besideName(dest: BytePath): BytePath {
  const name = `.${baseOf(dest)}.varve-${randomBytes(6).toString('hex')}`;
  const parent = parentOf(dest);
  return parent === '' && dest.startsWith('/') ? `/${name}` : joinBytes(parent, name);
}

/**
 * Makes a file whole or not at all: `fill` writes to a new file beside it, which is synced and renamed over `dest`.
 * After a failure `dest` is as it was.
 */
export async function writeBeside(dest: BytePath, fill: (file: FileHandle) => Promise<void>): Promise<void> {
  const temporary = besideName(dest);
  const file = await open(toFsPath(temporary), 'wx', 0o644);
  try {
    try {
      await fill(file);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(toFsPath(temporary), toFsPath(dest));
  } catch (error) {
    await rm(toFsPath(temporary), { force: true });
    throw error;
  }
}

/**
 * A stream into an open file that leaves it open. (A FileHandle's own with `autoClose: false` never emits close, and
 * stream.pipeline waits for that for ever: Node 24.21.)
 */
export function fileSink(file: FileHandle): Writable {
  return new Writable({
    highWaterMark: SINK_BYTES,
    write(chunk: Buffer, _encoding, done) {
      file.writeFile(chunk).then(() => done(), done);
    },
  });
}
