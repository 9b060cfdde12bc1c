import type { Progress, ProgressEvent } from '../../build/progress.ts';
import { formatBytes } from '../sizes.ts';
import { cleanLine, cleanStyledLine, oneLine } from './clean-output.ts';
import { createLineSplitter } from './line-splitter.ts';
import { bakeLines, endText, messageText, rate, totalsText, WORTH_SHOWING } from './texts.ts';

/** Where lines of text go. One with a `step` is of that step. */
export interface LineSink {
  start(step: string, line: string): void;
  line(step: string | undefined, line: string): void;
  end(step: string, line: string): void;
}

/** Each step's lines with its number, its output with the seconds since it began, as in buildx. */
export function plainProgress(sink: LineSink, { isColored }: { readonly isColored: boolean }): Progress {
  const steps = new Map<string, { readonly number: number; readonly started: number }>();
  const splitter = createLineSplitter();
  const clean = isColored ? cleanStyledLine : cleanLine;
  const stepOf = ({ id, time }: { readonly id: string; readonly time: number }) => {
    const known = steps.get(id) ?? { number: steps.size + 1, started: time };
    steps.set(id, known);
    return known;
  };
  return (event) => {
    switch (event.type) {
      case 'message':
        sink.line(undefined, messageText(event));
        return;
      case 'step-start':
        sink.start(event.id, `#${stepOf(event).number} [${oneLine(event.stage)}] ${oneLine(event.title)}`);
        return;
      case 'step-log':
        for (const line of splitter.take(`${event.id} ${event.stream}`, event.data))
          sink.line(event.id, output(stepOf(event), event.time, clean(line)));
        return;
      case 'step-end': {
        const step = stepOf(event);
        for (const stream of ['stdout', 'stderr'])
          for (const line of splitter.rest(`${event.id} ${stream}`))
            sink.line(event.id, output(step, event.time, clean(line)));
        sink.end(event.id, `#${step.number} ${oneLine(endText(event))}`);
        return;
      }
      case 'transfer': {
        const text = event.size >= WORTH_SHOWING ? transferText(event) : undefined;
        if (text !== undefined) sink.line(undefined, text);
        return;
      }
      case 'bake-end':
        for (const line of bakeLines(event)) sink.line(undefined, line);
        return;
      case 'build-end':
        sink.line(undefined, totalsText(event));
    }
  };
}

function output(
  { number, started }: { readonly number: number; readonly started: number },
  time: number,
  text: string,
) {
  return `#${number} ${(Math.max(0, time - started) / 1000).toFixed(3)} ${text}`;
}

function transferText(event: Extract<ProgressEvent, { type: 'transfer' }>): string | undefined {
  const { state, direction, digest, place, size, bytes } = event;
  const isIn = direction === 'receive';
  const blob = `${digest} (${formatBytes(size)}) ${isIn ? 'from' : 'to'} ${place}`;
  if (state === 'started') return `${isIn ? 'pulling' : 'pushing'} ${blob}`;
  if (state === 'done') return `${isIn ? 'pulled' : 'pushed'} ${blob}, ${rate(event)}`;
  if (state === 'failed') return `${isIn ? 'pulling' : 'pushing'} ${blob} ended after ${formatBytes(bytes)}`;
  return undefined;
}
