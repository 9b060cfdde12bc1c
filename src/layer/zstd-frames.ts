import { finished, Readable } from 'node:stream';
import { createZstdDecompress } from 'node:zlib';

const MAGIC = 0xfd2fb528;
/** 0x184d2a50 to 0x184d2a5f: frames for other uses, skipped. */
const SKIPPABLE = 0x184d2a5;
const RLE = 1;
const RESERVED = 3;
/** Output asked for at a time. */
const CHUNK_BYTES = 128 * 1024;

/**
 * Decompresses any number of zstd frames, one decompressor each: Node 24.21's stops silently after the first one when
 * the next begins in the same chunk.
 * @throws Error when the bytes are not zstd or end early
 * @see https://datatracker.ietf.org/doc/html/rfc8878#section-3.1
 */
export async function* decompressZstd(source: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  const input = new ByteQueue(source);
  try {
    while (await input.has(1)) {
      const magic = (await input.peek(4)).readUInt32LE(0);
      if (magic >>> 4 === SKIPPABLE) {
        const header = await input.peek(8);
        for await (const _ of input.take(8 + header.readUInt32LE(4)));
        continue;
      }
      if (magic !== MAGIC) throw invalid('not a zstd frame');
      const frame = Readable.from(frameBytes(input));
      const output = frame.pipe(createZstdDecompress({ chunkSize: CHUNK_BYTES }));
      finished(frame, (error) => error && output.destroy(error));
      yield* output;
    }
  } finally {
    await input.close();
  }
}

/** The bytes of the frame that starts here, found by its block headers. */
async function* frameBytes(input: ByteQueue): AsyncGenerator<Buffer> {
  const descriptor = (await input.peek(5))[4]!;
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const sizeFlag = descriptor >> 6;
  const sizeBytes = sizeFlag === 0 ? (isSingleSegment ? 1 : 0) : 1 << sizeFlag;
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3]!;
  let length = 5 + (isSingleSegment ? 0 : 1) + dictionaryBytes + sizeBytes;
  for (let isLast = false; !isLast; ) {
    // What is there goes on in one part: one trip to the thread pool, not one for each block.
    if (length + 3 > input.available) {
      yield* input.take(length);
      length = 0;
    }
    const header = (await input.peek(length + 3)).readUIntLE(length, 3);
    const type = (header >> 1) & 3;
    if (type === RESERVED) throw invalid('a zstd block of a reserved type');
    isLast = (header & 1) === 1;
    length += 3 + (type === RLE ? 1 : header >> 3);
  }
  yield* input.take(length + (descriptor & 4 ? 4 : 0));
}

/** Bytes of a stream by count. */
class ByteQueue {
  private readonly source: AsyncIterator<Uint8Array>;
  private buffer: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<Uint8Array>) {
    this.source = source[Symbol.asyncIterator]();
  }

  /** Bytes that are here already. */
  get available(): number {
    return this.buffer.length;
  }

  async has(count: number): Promise<boolean> {
    while (this.buffer.length < count) {
      const { done, value } = await this.source.next();
      if (done) return false;
      this.buffer = Buffer.concat([this.buffer, value]); // a copy: the source may use the chunk's memory again
    }
    return true;
  }

  async peek(count: number): Promise<Buffer> {
    if (!(await this.has(count))) throw invalid('zstd data that ends early');
    return this.buffer;
  }

  async *take(count: number): AsyncGenerator<Buffer> {
    for (let left = count; left > 0; ) {
      await this.peek(1);
      const part = this.buffer.subarray(0, left);
      this.buffer = this.buffer.subarray(part.length);
      left -= part.length;
      yield part;
    }
  }

  async close(): Promise<void> {
    await this.source.return?.();
  }
}

function invalid(message: string): Error {
  return Object.assign(new Error(message), { code: 'ZSTD_FORMAT' });
}
