import type { Readable } from 'node:stream';
import { VarveError } from '../errors.ts';

/** Reads a blob in parts, in order, without holding it; goes back by opening it again. */
export interface BlobSource {
  /** Exactly `length` bytes from `offset`. A new part ends the part before it. */
  part(offset: number, length: number): AsyncIterable<Buffer>;
  /** What went wrong with the source itself, which no retry helps. */
  failure(): VarveError | undefined;
  close(): void;
}

interface OpenSource {
  readonly stream: Readable;
  readonly iterator: AsyncIterator<Buffer>;
  /** Where in the blob `rest`, or else the next chunk, starts. */
  position: number;
  rest: Buffer | undefined;
  /** A part is being read: `position` may lag behind what the iterator gave. */
  busy: boolean;
}

/**
 * @param open gives the blob's bytes from the start, each time it is called
 * @param taken told up to where the blob was read
 */
export function createBlobSource(
  open: () => Readable,
  what: string,
  taken: (position: number) => void = () => {},
): BlobSource {
  let current: OpenSource | undefined;
  let failed: VarveError | undefined;

  function close(): void {
    current?.stream.on('error', () => {});
    current?.stream.destroy();
    current = undefined;
  }

  function openAt(offset: number): OpenSource {
    if (current && !current.busy && current.position <= offset) return current;
    close();
    const stream = open();
    const iterator = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    current = { stream, iterator, position: 0, rest: undefined, busy: false };
    return current;
  }

  async function* read(source: OpenSource, offset: number, length: number): AsyncGenerator<Buffer> {
    const end = offset + length;
    while (source.position < end) {
      const chunk = source.rest ?? (await nextChunk(source));
      const from = Math.max(0, offset - source.position);
      const to = Math.min(chunk.length, end - source.position);
      source.rest = to < chunk.length ? chunk.subarray(to) : undefined;
      source.position += to;
      if (from >= to) continue;
      taken(source.position);
      yield chunk.subarray(from, to);
    }
    source.busy = false;
  }

  async function nextChunk(source: OpenSource): Promise<Buffer> {
    try {
      const { value, done } = await source.iterator.next();
      if (!done) return value;
      throw new Error(`it ended after ${source.position} bytes`);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      const mine =
        error instanceof VarveError
          ? error
          : new VarveError('REGISTRY_SOURCE', `${what}: cannot be read here: ${why}`, { cause: error });
      // A stream that was closed on purpose fails too; that says nothing about the source.
      if (source === current) failed = mine;
      throw mine;
    }
  }

  return {
    part(offset, length) {
      const source = openAt(offset);
      source.busy = true;
      return read(source, offset, length);
    },
    failure: () => failed,
    close,
  };
}
