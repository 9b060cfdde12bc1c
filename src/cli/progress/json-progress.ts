import type { Writable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import type { Progress } from '../../build/progress.ts';

/** Each event on a line (src/build/progress-schema.ts), a log's data as text: a character whose bytes come in two chunks is in the later one. */
export function jsonProgress(out: Writable): Progress {
  const decoders = new Map<string, StringDecoder>();
  const write = (event: { readonly type: string; readonly time: number; readonly data?: string }): void =>
    void out.write(`${JSON.stringify({ ...event, time: new Date(event.time).toISOString() })}\n`);
  return (event) => {
    if (event.type === 'step-log') {
      const key = `${event.id} ${event.stream}`;
      const decoder = decoders.get(key) ?? new StringDecoder('utf8');
      decoders.set(key, decoder);
      const data = decoder.write(event.data);
      if (data !== '') write({ ...event, data });
      return;
    }
    if (event.type === 'step-end') {
      for (const stream of ['stdout', 'stderr']) {
        const key = `${event.id} ${stream}`;
        const data = decoders.get(key)?.end();
        const rest = { type: 'step-log', id: event.id, stream, time: event.time };
        if (data) write({ ...rest, data });
        decoders.delete(key);
      }
    }
    write(event);
  };
}
