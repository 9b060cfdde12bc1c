const HEADER_BYTES = 4;

/** Cuts a byte stream into frames: u32 little-endian length, then so many bytes. */
export interface FrameReader {
  /** The frames that `chunk` completes. A frame may share the chunk's memory. @throws Error for a frame above the limit */
  feed(chunk: Buffer): Buffer[];
}

/** @param limit bytes of the longest frame; a longer one means that the other side speaks another language */
export function createFrameReader(limit: number): FrameReader {
  const header = Buffer.alloc(HEADER_BYTES);
  let headerUsed = 0;
  let frame: Buffer | undefined; // of a frame in several chunks: allocated once, whatever the number of chunks
  let frameUsed = 0;

  const checked = (length: number): number => {
    if (length > limit) throw new Error(`a frame of ${length} bytes; at most ${limit}`);
    return length;
  };

  return {
    feed(chunk) {
      const frames: Buffer[] = [];
      for (let at = 0; at < chunk.length; ) {
        if (!frame) {
          const wanted = HEADER_BYTES - headerUsed;
          const taken = chunk.copy(header, headerUsed, at, at + wanted);
          headerUsed += taken;
          at += taken;
          if (headerUsed < HEADER_BYTES) break;
          headerUsed = 0;
          const length = checked(header.readUInt32LE(0));
          if (chunk.length - at >= length) {
            frames.push(chunk.subarray(at, at + length));
            at += length;
            continue;
          }
          frame = Buffer.allocUnsafe(length);
          frameUsed = 0;
        }
        const taken = chunk.copy(frame, frameUsed, at);
        frameUsed += taken;
        at += taken;
        if (frameUsed === frame.length) {
          frames.push(frame);
          frame = undefined;
        }
      }
      return frames;
    },
  };
}
