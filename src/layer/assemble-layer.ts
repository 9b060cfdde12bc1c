import { createHash, hash } from 'node:crypto';
import { availableParallelism } from 'node:os';
import type { BlobStore } from '../cas/blob-store.ts';
import type { BytePath } from '../io/byte-path.ts';
import { releaseBuffer } from '../io/release-buffer.ts';
import { type Digest, digestFromBytes } from '../oci/digest.ts';
import { type Compression, ociLayerType } from '../oci/media-types.ts';
import type { ContentSource, Entry, LayerItem } from '../snapshot/entry.ts';
import { compressionSettings, createCompressor } from './compressor.ts';
import type { CachedFrame, FrameCache } from './frame-cache.ts';
import { createFramePacker, type PackedFrame } from './frame-packer.ts';
import { planFrames } from './frame-plan.ts';
import { createFrameReader } from './frame-reader.ts';
import { layerParts } from './layer-tar.ts';

export interface AssembleOptions {
  readonly compression: Compression;
  /** gzip 0 to 9 (default 6), zstd 1 to 22 (default 3). */
  readonly level?: number;
  readonly blobs: BlobStore;
  /** Where a file's bytes are; asked for files only, and only for frames that are not known. */
  content(path: BytePath, entry: Entry): Promise<ContentSource>;
  /** Frames of earlier layers; without it every frame is compressed. The result is the same. */
  readonly cache?: FrameCache;
  readonly signal?: AbortSignal;
  /** Frames that are compressed at once (default: one more than processors); each holds up to 8 MiB. */
  readonly concurrency?: number;
}

export interface AssembledLayer {
  readonly descriptor: { readonly mediaType: string; readonly digest: Digest; readonly size: number };
  readonly diffId: Digest;
  readonly uncompressedSize: number;
  readonly frames: {
    readonly compressed: number;
    readonly reused: number;
    /** Uncompressed bytes of the frames that were compressed. */
    readonly bytes: number;
  };
}

/**
 * Writes a layer's blob from its items, which are sorted, parents first, each file with its digest. The bytes depend
 * on the items, compression and level alone (DESIGN 6, docs/layers.md); memory does not grow with file sizes.
 * @throws VarveError `CONTENT_CHANGED` when a file is not what its entry says, `LAYER_NAME_RESERVED` for a file named
 * like a whiteout, `LAYER_ENTRY_UNSUPPORTED`, `COMPRESSION_LEVEL`; the signal's reason when it is aborted
 */
export async function assembleLayer(items: readonly LayerItem[], options: AssembleOptions): Promise<AssembledLayer> {
  const { compression, blobs, signal } = options;
  const compressor = createCompressor(compressionSettings(compression, options.level));
  // Uncompressed, a copied frame would cost what the file costs.
  const cache = compression === 'none' ? undefined : options.cache;
  const packer = createFramePacker({ compressor, blobs, cache });
  const reader = createFrameReader({ packer, content: options.content });
  const limit = Math.max(1, options.concurrency ?? availableParallelism() + 1);
  const diff = createHash('sha256');
  const rows: [key: string, frame: Omit<CachedFrame, 'digest'>][] = [];
  const frames = { compressed: 0, reused: 0, bytes: 0 };
  let [start, uncompressedSize] = [0, 0];
  const writer = await blobs.writer();
  /** Frames on their way, in their order. */
  const queue: Promise<PackedFrame>[] = [];

  const writeNext = async (): Promise<void> => {
    const frame = await queue.shift();
    if (!frame) return;
    diff.update(frame.plain);
    await writer.write(frame.packed);
    if (frame.reused) frames.reused++;
    else {
      frames.compressed++;
      frames.bytes += frame.plain.length;
    }
    if (cache) {
      const plain = frame.reused?.plain ?? (`sha256:${hash('sha256', frame.plain, 'hex')}` as Digest);
      rows.push([frame.key, { start, length: frame.packed.length, plain, plainSize: frame.plain.length }]);
    }
    start += frame.packed.length;
    uncompressedSize += frame.plain.length;
    releaseBuffer(frame.plain);
    releaseBuffer(frame.packed);
  };

  try {
    for (const planned of planFrames(layerParts(items))) {
      for await (const start of reader.frames(planned)) {
        signal?.throwIfAborted();
        const frame = start();
        frame.catch(() => {}); // It is awaited in its turn, or the layer has failed.
        queue.push(frame);
        if (queue.length >= limit) await writeNext();
      }
    }
    while (queue.length > 0) await writeNext();
    signal?.throwIfAborted();
    const stored = await writer.commit({ size: start });
    // Only now is there a blob that the rows may name.
    await cache?.put(rows.map(([key, frame]) => [key, { ...frame, digest: stored.digest }]));
    const descriptor = { mediaType: ociLayerType(compression), digest: stored.digest, size: stored.size };
    return { descriptor, diffId: digestFromBytes(diff.digest()), uncompressedSize, frames };
  } catch (error) {
    await Promise.allSettled(queue);
    await writer.abort();
    throw error;
  }
}
