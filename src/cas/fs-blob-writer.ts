import { createHash } from 'node:crypto';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { type Digest, digestFromBytes } from '../oci/digest.ts';
import { checkExpected } from './blob-error.ts';
import type { BlobWriter, StoredBlob } from './blob-store.ts';

/** Chunks are gathered up to this many bytes, so that a stream of small ones costs one hop to libuv's pool for each MiB. */
const BUFFER_BYTES = 1 << 20;

/** Buffers that writers of one store lend each other. */
export interface BufferPool {
  take(): Buffer;
  give(buffer: Buffer): void;
}

/** Keeps at most `keep` idle buffers. */
export function createBufferPool(keep: number): BufferPool {
  const idle: Buffer[] = [];
  return {
    take: () => idle.pop() ?? Buffer.allocUnsafeSlow(BUFFER_BYTES),
    give(buffer) {
      if (idle.length < keep) idle.push(buffer);
    },
  };
}

export interface FsBlobWriterOptions {
  /** The half-written file; it must not exist. */
  readonly temp: string;
  /** Where the finished file belongs. */
  readonly target: (digest: Digest) => string;
  readonly pool: BufferPool;
  readonly onCommit: (stored: StoredBlob) => void;
}

/**
 * Bytes to a file under a temporary name, hashed on the way; commit() syncs it and gives it its name.
 * A chunk may be reused as soon as write() resolves: it was copied. One buffer is written while the next one fills.
 */
export async function openFsBlobWriter(options: FsBlobWriterOptions): Promise<BlobWriter> {
  const file: FileHandle = await open(options.temp, 'wx', 0o644);
  const hash = createHash('sha256');
  let size = 0;
  let buffer: Buffer | undefined;
  let used = 0;
  let writing: Promise<void> = Promise.resolve();
  let ended = false;

  const flush = async (): Promise<void> => {
    const full = buffer;
    if (!full || used === 0) return;
    const bytes = full.subarray(0, used);
    buffer = undefined;
    used = 0;
    hash.update(bytes);
    await writing; // at most two buffers for each writer
    writing = writeAll(file, bytes).finally(() => options.pool.give(full));
    writing.catch(() => {}); // reported by the next one who waits for it
  };

  const discard = async (): Promise<void> => {
    await writing.catch(() => {});
    if (buffer) options.pool.give(buffer);
    buffer = undefined;
    // What fails here would hide why the blob is given up; the file is in the process's place, which is removed with it.
    await file.close().catch(() => {});
    await rm(options.temp, { force: true }).catch(() => {});
  };

  return {
    async write(chunk) {
      if (ended) throw new Error('the blob writer has ended');
      size += chunk.length;
      for (let from = 0; from < chunk.length; ) {
        buffer ??= options.pool.take();
        const length = Math.min(chunk.length - from, BUFFER_BYTES - used);
        buffer.set(chunk.subarray(from, from + length), used);
        from += length;
        used += length;
        if (used === BUFFER_BYTES) await flush();
      }
    },
    async commit(expected) {
      if (ended) throw new Error('the blob writer has ended');
      ended = true;
      try {
        await flush();
        await writing;
        const stored = { digest: digestFromBytes(hash.digest()), size };
        checkExpected(stored, expected);
        await file.sync();
        await file.close();
        await rename(options.temp, options.target(stored.digest));
        options.onCommit(stored);
        return stored;
      } catch (error) {
        await discard();
        throw error;
      }
    },
    async abort() {
      if (ended) return;
      ended = true;
      await discard();
    },
  };
}

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let from = 0; from < bytes.length; ) from += (await file.write(bytes, from)).bytesWritten;
}
