import { Readable } from 'node:stream';
import { VarveError } from '../errors.ts';
import type { Libc } from '../io/libc.ts';
import { createWorkerPool, type WorkerPool } from '../io/worker-pool.ts';
import type { LayerItem } from '../snapshot/entry.ts';
import { blobChunks } from './blob-chunks.ts';
import { type UnpackedLayer, type UnpackJob, unpackStream } from './unpack-stream.ts';
import type { UnpackReply, UnpackRequest } from './unpack-worker.ts';

export type UnpackPool = WorkerPool<UnpackRequest, UnpackReply>;

export interface UnpackOptions extends UnpackJob {
  /** The compressed bytes, or the absolute path of a blob. */
  readonly source: Readable | string;
  /** Where the work is done; without it, on this thread, which then does nothing else. */
  readonly pool?: UnpackPool;
  /** For this thread; a worker has its own. */
  readonly libc: Libc;
  readonly signal?: AbortSignal;
}

/** Threads that unpack up to `size` layers at once. Close it to end them. */
export function createUnpackPool(size: number): UnpackPool {
  // `.js` when varve was built, and by its folder: the bundle is one folder's file (scripts/bundle.ts).
  const script = new URL(
    import.meta.url.endsWith('.ts') ? '../layer/unpack-worker.ts' : '../layer/unpack-worker.js',
    import.meta.url,
  );
  return createWorkerPool({ script, size });
}

/**
 * Reads a layer in one pass: checks digest, size and diffID, hashes each file, and writes all of it below `dest` with
 * exact owners, modes, times and xattrs; whiteouts as overlayfs has them. When it fails `dest` is to be removed; nothing
 * outside it was touched (docs/layers.md has the rules).
 * @throws VarveError `LAYER_MISMATCH`, `LAYER_CORRUPT`, `LAYER_COMPRESSION`, `LAYER_TYPE`, `LAYER_UNSAFE`,
 * `LAYER_TOO_BIG`, `TAR_INVALID`, `TAR_UNSUPPORTED`, `UNPACK_OWNER`, `UNPACK_DEVICE`, `UNPACK_XATTR`, `UNPACK_FAILED`;
 * the signal's reason
 */
export async function unpackLayer(options: UnpackOptions): Promise<UnpackedLayer> {
  const { source, pool, libc, signal, ...job } = options;
  signal?.throwIfAborted();
  if (!pool) return unpackHere(options, job);
  const sent = typeof source === 'string' ? source : Readable.toWeb(source);
  const transfer = typeof sent === 'string' ? [] : [sent];
  const reply = await pool.run({ source: sent, job }, { signal, transfer }).finally(() => {
    if (typeof source !== 'string') source.destroy();
  });
  // Between threads an error of the source is only its text.
  if (reply.kind !== 'done' && typeof source !== 'string' && source.errored instanceof VarveError) throw source.errored;
  if (reply.kind === 'failed') {
    const { message, code, stack } = reply;
    throw Object.assign(new Error(message), { code, stack });
  }
  if (reply.kind === 'refused')
    throw new VarveError(reply.code, reply.message, reply.hint === undefined ? {} : { hint: reply.hint });
  return { ...reply.layer, items: reply.layer.items.map(withBuffers) };
}

async function unpackHere({ source, libc, signal }: UnpackOptions, job: UnpackJob): Promise<UnpackedLayer> {
  if (typeof source === 'string') return unpackStream(blobChunks(source, signal), job, libc);
  const stop = (): void => void source.destroy(signal?.reason);
  signal?.addEventListener('abort', stop, { once: true });
  try {
    return await unpackStream(source, job, libc);
  } finally {
    signal?.removeEventListener('abort', stop);
    source.destroy();
  }
}

/** Between threads a Buffer becomes a Uint8Array. */
function withBuffers(item: LayerItem): LayerItem {
  if (item.kind !== 'entry' || !item.entry.xattrs) return item;
  const xattrs = item.entry.xattrs.map(([name, value]) => [name, Buffer.from(value)] as const);
  return { ...item, entry: { ...item.entry, xattrs } };
}
