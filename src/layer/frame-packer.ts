import { hash } from 'node:crypto';
import type { BlobStore } from '../cas/blob-store.ts';
import type { Digest } from '../oci/digest.ts';
import type { Compressor } from './compressor.ts';
import { type CachedFrame, type FrameCache, frameKey } from './frame-cache.ts';

/** A frame as it is and as it goes into the blob. */
export interface PackedFrame {
  readonly key: string;
  readonly plain: Buffer;
  readonly packed: Buffer;
  /** Where it was found; absent when it was compressed. */
  readonly reused?: CachedFrame;
}

/** Gets frames' compressed bytes, from a blob that has them or from the compressor: the same bytes either way. */
export interface FramePacker {
  /** A known frame whose blob is there; undefined without a cache. */
  find(identity: string): Promise<CachedFrame | undefined>;
  /** The known frame, or what `readPlain` gives when the blob turns out not to have it. */
  reuse(identity: string, cached: CachedFrame, readPlain: () => Promise<Buffer>): Promise<PackedFrame>;
  compress(identity: string, plain: Buffer): Promise<PackedFrame>;
}

export function createFramePacker(options: {
  readonly compressor: Compressor;
  readonly blobs: BlobStore;
  readonly cache?: FrameCache | undefined;
}): FramePacker {
  const { compressor, blobs, cache } = options;
  const sizes = new Map<Digest, Promise<number>>();
  /** Blobs that did not hold what the cache said: not asked again. */
  const bad = new Set<Digest>();

  const sizeOf = (digest: Digest): Promise<number> => {
    let size = sizes.get(digest);
    if (!size) {
      size = blobs.size(digest).then(
        (bytes) => bytes ?? 0,
        () => 0,
      );
      sizes.set(digest, size);
    }
    return size;
  };

  const compress = async (identity: string, plain: Buffer): Promise<PackedFrame> => ({
    key: frameKey(compressor.id, identity),
    plain,
    packed: await compressor.compress(plain),
  });

  return {
    compress,
    async find(identity) {
      if (!cache) return undefined;
      const cached = await cache.get(frameKey(compressor.id, identity)).catch(() => undefined);
      if (!cached || bad.has(cached.digest)) return undefined;
      return cached.start + cached.length <= (await sizeOf(cached.digest)) ? cached : undefined;
    },
    async reuse(identity, cached, readPlain) {
      try {
        if (!bad.has(cached.digest)) {
          const { digest, start, length } = cached;
          const packed = await blobs.readRange(digest, { start, length });
          const plain = await compressor.expand(packed, cached.plainSize);
          // A blob is not hashed again for a part of it: the part's own digest says whether it is whole.
          if (`sha256:${hash('sha256', plain, 'hex')}` === cached.plain)
            return { key: frameKey(compressor.id, identity), plain, packed, reused: cached };
        }
      } catch {
        // A blob that went away or is damaged is a miss.
      }
      bad.add(cached.digest);
      return compress(identity, await readPlain());
    },
  };
}
