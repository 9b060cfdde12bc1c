import type { Writable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import type { Progress, ProgressEvent } from '../build/progress.ts';

const NEWLINE = 0x0a;

export type ProgressMode = 'plain' | 'json' | 'quiet';

/** Prints progress: lines with their step's number, JSON lines, or nothing. */
export function renderProgress(mode: ProgressMode, out: Writable): Progress {
  if (mode === 'quiet') return () => {};
  if (mode === 'json') return jsonProgress(out);
  return plainProgress(out);
}

/** Each event on a line, a log's data as text: a character whose bytes come in two chunks is in the later one. */
function jsonProgress(out: Writable): Progress {
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

function plainProgress(out: Writable): Progress {
  const numbers = new Map<string, number>();
  const unfinished = new Map<string, Buffer>();
  const numberOf = (id: string): number => {
    const known = numbers.get(id) ?? numbers.size + 1;
    numbers.set(id, known);
    return known;
  };
  const line = (number: number | string, text: string): void => void out.write(`#${number} ${text}\n`);
  return (event) => {
    switch (event.type) {
      case 'message':
        out.write(`${event.level === 'warning' ? 'warning: ' : ''}${event.text}\n`);
        return;
      case 'step-start':
        line(numberOf(event.id), `[${event.stage}] ${event.title.replace(/\s*\n\s*/g, ' ')}`);
        return;
      case 'step-log': {
        // A chunk may end in the middle of a line: the rest waits. Bytes stay as they are, whatever they mean.
        const key = `${event.id} ${event.stream}`;
        const text = Buffer.concat([unfinished.get(key) ?? Buffer.alloc(0), event.data]);
        const end = text.lastIndexOf(NEWLINE) + 1;
        unfinished.set(key, text.subarray(end));
        const number = numberOf(event.id);
        for (let from = 0; from < end; ) {
          const next = text.indexOf(NEWLINE, from) + 1;
          out.write(Buffer.concat([Buffer.from(`#${number} `), text.subarray(from, next)]));
          from = next;
        }
        return;
      }
      case 'step-end': {
        const number = numberOf(event.id);
        for (const stream of ['stdout', 'stderr']) {
          const rest = unfinished.get(`${event.id} ${stream}`);
          if (rest?.length) out.write(Buffer.concat([Buffer.from(`#${number} `), rest, Buffer.from('\n')]));
        }
        line(number, endText(event));
      }
    }
  };
}

function endText({ status, durationMs, detail }: Extract<ProgressEvent, { type: 'step-end' }>): string {
  if (status === 'hit') return detail === undefined ? 'CACHED' : `CACHED (${detail})`;
  const seconds = `${(durationMs / 1000).toFixed(2)}s`;
  return status === 'done' ? `DONE ${seconds}` : `ERROR ${seconds}: ${detail ?? ''}`;
}
