import { randomBytes } from 'node:crypto';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { Writable } from 'node:stream';
import { type BytePath, baseOf, joinBytes, parentOf, toFsPath } from '../io/byte-path.ts';
import { releaseBuffer } from '../io/release-buffer.ts';

/** Bytes that wait for the disk. */
const SINK_BYTES = 1024 * 1024;

/** A name that is free, in the same directory: `.app.tar.varve-1f2e3d4c5b6a`. */
export function besideName(dest: BytePath): BytePath {
  const name = `.${baseOf(dest)}.varve-${randomBytes(6).toString('hex')}`;
  const parent = parentOf(dest);
  return parent === '' && dest.startsWith('/') ? `/${name}` : joinBytes(parent, name);
}

/**
 * Makes a file whole or not at all: `fill` writes to a new file beside it, which is renamed over `dest`. After a failure
 * `dest` is as it was. Not synced, as no tool does with what it exports: a slow disk would hold a pull of 1 GB three times
 * as long. What the store keeps is (fs-blob-writer.ts).
 */
export async function writeBeside(dest: BytePath, fill: (file: FileHandle) => Promise<void>): Promise<void> {
  const temporary = besideName(dest);
  const file = await open(toFsPath(temporary), 'wx', 0o644);
  try {
    try {
      await fill(file);
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
 * A stream into an open file that leaves it open: what gathers while one write runs goes with the next. (A FileHandle's own
 * with `autoClose: false` never emits close, and stream.pipeline waits for that for ever: Node 24.21.)
 * @param chunks whether they are the sink's to give back when they are written
 */
export function fileSink(file: FileHandle, chunks: 'lent' | 'given' = 'lent'): Writable {
  const write = async (buffers: readonly Buffer[]): Promise<void> => {
    await writeAll(file, buffers);
    if (chunks === 'given') for (const buffer of buffers) releaseBuffer(buffer);
  };
  return new Writable({
    highWaterMark: SINK_BYTES,
    write: (chunk: Buffer, _encoding, done) => void write([chunk]).then(() => done(), done),
    writev: (queued, done) => void write(queued.map(({ chunk }) => chunk as Buffer)).then(() => done(), done),
  });
}

/** A full disk and a signal end a write early; the next one says why. */
async function writeAll(file: FileHandle, buffers: readonly Buffer[]): Promise<void> {
  const total = buffers.reduce((sum, { length }) => sum + length, 0);
  const { bytesWritten } = await file.writev(buffers);
  if (bytesWritten < total) await file.writeFile(Buffer.concat(buffers).subarray(bytesWritten));
}
