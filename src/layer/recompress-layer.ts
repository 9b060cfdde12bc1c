import { createHash } from 'node:crypto';
import { availableParallelism } from 'node:os';
import type { BlobStore } from '../cas/blob-store.ts';
import { VarveError } from '../errors.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { type Digest, digestFromBytes } from '../oci/digest.ts';
import { type Compression, ociLayerType } from '../oci/media-types.ts';
import { compressionSettings, createCompressor } from './compressor.ts';
import { FRAME_MAX_BYTES } from './format.ts';
import { openLayer } from './layer-source.ts';

/**
 * Writes a layer's tar stream, byte for byte, compressed otherwise: in frames of 1 MiB, whatever is in them.
 * @throws VarveError `LAYER_MISMATCH` when source or tar stream are not what was expected, `LAYER_CORRUPT`,
 *   `COMPRESSION_LEVEL`; the signal's reason
 */
export async function recompressLayer(
  source: AsyncIterable<Uint8Array>,
  options: {
    readonly expected: { readonly digest: Digest; readonly size: number; readonly diffId: Digest };
    readonly compression: Compression;
    readonly level: number;
    readonly blobs: BlobStore;
    readonly signal?: AbortSignal;
  },
): Promise<{ readonly descriptor: Descriptor; readonly diffId: Digest }> {
  const { expected, compression, level, blobs, signal } = options;
  const compressor = createCompressor(compressionSettings(compression, level));
  const layer = openLayer(source, expected);
  const diff = createHash('sha256');
  const limit = availableParallelism() + 1;
  const writer = await blobs.writer();
  const queue: Promise<Buffer>[] = [];
  const writeNext = async (): Promise<void> => {
    const frame = await queue.shift();
    if (frame) await writer.write(frame);
  };
  try {
    for await (const plain of pieces(layer.tar())) {
      signal?.throwIfAborted();
      diff.update(plain);
      const frame = compressor.compress(plain);
      frame.catch(() => {}); // It is awaited in its turn, or the layer has failed.
      queue.push(frame);
      if (queue.length >= limit) await writeNext();
    }
    while (queue.length > 0) await writeNext();
    await layer.end();
    const diffId = digestFromBytes(diff.digest());
    if (diffId !== expected.diffId) {
      throw new VarveError(
        'LAYER_MISMATCH',
        `the layer ${expected.digest} unpacks to ${diffId}, not to ${expected.diffId}`,
      );
    }
    const { digest, size } = await writer.commit();
    return { descriptor: { mediaType: ociLayerType(compression), digest, size }, diffId };
  } catch (error) {
    await Promise.allSettled(queue);
    await writer.abort();
    throw await layer.explain(error);
  } finally {
    await layer.close();
  }
}

/** Buffers of FRAME_MAX_BYTES; the last one is shorter. */
async function* pieces(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let piece = Buffer.allocUnsafe(FRAME_MAX_BYTES);
  let filled = 0;
  for await (const chunk of source) {
    for (let at = 0; at < chunk.length; ) {
      const copied = chunk.copy(piece, filled, at);
      at += copied;
      filled += copied;
      if (filled < FRAME_MAX_BYTES) continue;
      yield piece;
      piece = Buffer.allocUnsafe(FRAME_MAX_BYTES);
      filled = 0;
    }
  }
  if (filled > 0) yield piece.subarray(0, filled);
}
