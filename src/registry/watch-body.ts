import { releaseBuffer } from '../io/release-buffer.ts';

/** A request's body on its way; undici has a deadline for answers only, so a server that stops reading would hold it for ever. */
export interface WatchedBody {
  readonly body: AsyncIterable<Buffer>;
  /** Aborts with the request's own signal, and when no byte is taken for too long. */
  readonly signal: AbortSignal;
  /** The failure, when it was silence that ended it. */
  stalled(): Error | undefined;
  end(): void;
}

/** Above what a socket takes without making the writer wait (64 KiB): when the next chunk is asked for, this one has been sent. */
const AWAITED_BYTES = 256 * 1024;

/**
 * Not a stream: for 1 GB three of them in a row take 1 s of processor time, and what is sent is left to the garbage collector.
 * @param source whose chunks are ours
 * @param silenceMs how long the other side may take nothing, in ms; the wait for the answer is not counted
 */
export function watchBody(source: AsyncIterable<Buffer>, silenceMs: number, signal?: AbortSignal): WatchedBody {
  const stop = new AbortController();
  let stalled: Error | undefined;
  const timer = setTimeout(() => {
    stalled = Object.assign(new Error(`it took no byte for ${silenceMs / 1000} s`), { code: 'ETIMEDOUT' });
    stop.abort(stalled);
  }, silenceMs);
  async function* body(): AsyncGenerator<Buffer> {
    try {
      for await (const chunk of source) {
        timer.refresh();
        yield chunk;
        // What shares its memory with the next part of the blob stays.
        if (chunk.length >= AWAITED_BYTES && chunk.length === chunk.buffer.byteLength) releaseBuffer(chunk);
      }
    } finally {
      clearTimeout(timer);
    }
  }
  return {
    body: body(),
    signal: signal ? AbortSignal.any([signal, stop.signal]) : stop.signal,
    stalled: () => stalled,
    end: () => clearTimeout(timer),
  };
}
