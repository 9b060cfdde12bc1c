import { type Readable, Transform } from 'node:stream';

/** A request's body on its way; undici has a deadline for answers only, so a server that stops reading would hold it for ever. */
export interface WatchedBody {
  readonly body: Readable;
  /** Aborts with the request's own signal, and when no byte is taken for too long. */
  readonly signal: AbortSignal;
  /** The failure, when it was silence that ended it. */
  stalled(): Error | undefined;
  end(): void;
}

/** @param silenceMs how long the other side may take nothing, in ms; the wait for the answer is not counted */
export function watchBody(source: Readable, silenceMs: number, signal?: AbortSignal): WatchedBody {
  const stop = new AbortController();
  let stalled: Error | undefined;
  const timer = setTimeout(() => {
    stalled = Object.assign(new Error(`it took no byte for ${silenceMs / 1000} s`), { code: 'ETIMEDOUT' });
    stop.abort(stalled);
  }, silenceMs);
  const body = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      timer.refresh();
      done(null, chunk);
    },
    flush(done) {
      clearTimeout(timer);
      done();
    },
  });
  source.on('error', (error) => body.destroy(error));
  body.on('close', () => source.destroy());
  source.pipe(body);
  return {
    body,
    signal: signal ? AbortSignal.any([signal, stop.signal]) : stop.signal,
    stalled: () => stalled,
    end: () => clearTimeout(timer),
  };
}
