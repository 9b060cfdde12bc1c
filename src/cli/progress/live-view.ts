import type { Progress, ProgressEvent } from '../../build/progress.ts';
import { formatBytes } from '../sizes.ts';
import { cleanLine, oneLine } from './clean-output.ts';
import { cut, spread } from './fit-line.ts';
import { createLineSplitter } from './line-splitter.ts';
import { bakeLines, messageText, rate, seconds, shortDigest, totalsText, WORTH_SHOWING } from './texts.ts';

export type Tone = 'plain' | 'cached' | 'failed' | 'warning' | 'dim' | 'strong';

/** A line and how it looks; one that is not `fitted` may be of any length. */
export interface ViewLine {
  readonly text: string;
  readonly tone: Tone;
}

export interface ViewSize {
  readonly columns: number;
  readonly rows: number;
}

/** What a terminal shows of a build: lines that stay, and below them what is going on. */
export interface LiveView {
  readonly take: Progress;
  /** Lines that are done with, once each. */
  settled(columns: number): ViewLine[];
  /** What is going on, in at most `rows` lines. `now` is in ms of the events' clock. */
  live(size: ViewSize, now: number): ViewLine[];
}

interface Running {
  readonly title: string;
  readonly started: number;
  readonly last: string[];
}

/** Output lines of each running step, where there is room. */
const TAIL_LINES = 6;
const BAR_COLUMNS = 24;
/** Narrower terminals have no bars. */
const BAR_FROM_COLUMNS = 70;
/** Of the lines that go on, so many at most are blobs, while steps run too. */
const TRANSFER_LINES = 5;

type Settled = (columns: number) => ViewLine;

export function createLiveView(started: number): LiveView {
  const running = new Map<string, Running>();
  const transfers = new Map<string, Extract<ProgressEvent, { type: 'transfer' }>>();
  const splitter = createLineSplitter();
  const segments = new Intl.Segmenter();
  const counts = { done: 0, cached: 0 };
  let settled: Settled[] = [];
  const settle = (left: string, right: string, tone: Tone): void =>
    void settled.push((columns) => ({ text: spread(left, right, columns, segments), tone }));
  const addOutput = (id: string, lines: readonly string[]): void => {
    const step = running.get(id);
    if (!step) return;
    step.last.push(...lines.slice(-TAIL_LINES).map(cleanLine));
    step.last.splice(0, step.last.length - TAIL_LINES);
  };

  const take: Progress = (event) => {
    switch (event.type) {
      case 'message':
        for (const text of messageText(event).split('\n'))
          settled.push(() => ({ text, tone: event.level === 'info' ? 'plain' : 'warning' }));
        return;
      case 'step-start': {
        const title = `[${oneLine(event.stage)}] ${oneLine(event.title)}`;
        running.set(event.id, { title, started: event.time, last: [] });
        return;
      }
      case 'step-log':
        addOutput(event.id, splitter.take(`${event.id} ${event.stream}`, event.data));
        return;
      case 'step-end': {
        const title = running.get(event.id)?.title ?? event.id;
        running.delete(event.id);
        for (const stream of ['stdout', 'stderr']) splitter.rest(`${event.id} ${stream}`);
        const { word, tone } = ENDS[event.status];
        if (event.status === 'done') counts.done++;
        if (event.status === 'hit') counts.cached++;
        settle(` => ${word}${title}`, seconds(event.durationMs), tone);
        return;
      }
      case 'transfer':
        takeTransfer(event);
        return;
      case 'bake-end':
        for (const text of bakeLines(event)) settled.push(() => ({ text, tone: 'plain' }));
        return;
      case 'build-end':
        settle(totalsText(event), '', event.result === 'done' ? 'strong' : 'failed');
    }
  };

  const takeTransfer = (event: Extract<ProgressEvent, { type: 'transfer' }>): void => {
    if (event.size < WORTH_SHOWING) return;
    if (event.state === 'started' || event.state === 'moving') {
      transfers.set(event.id, event);
      return;
    }
    transfers.delete(event.id);
    const text = ` => ${event.state === 'failed' ? 'ERROR ' : ''}${transferText(event)} ${rate(event)}`;
    settle(text, seconds(event.durationMs), event.state === 'failed' ? 'failed' : 'plain');
  };

  const runningLines = ({ columns, rows }: ViewSize, now: number): ViewLine[] => {
    const steps = [...running.values()];
    const shown = steps.length > rows ? steps.slice(0, rows - 1) : steps;
    const tail = Math.min(TAIL_LINES, Math.max(0, Math.floor((rows - steps.length) / Math.max(1, steps.length))));
    const lines = shown.flatMap((step): ViewLine[] => [
      { text: spread(` => ${step.title}`, seconds(now - step.started), columns, segments), tone: 'plain' },
      ...(tail ? step.last.slice(-tail) : []).map((line): ViewLine => {
        return { text: cut(` => => # ${line}`, columns, segments), tone: 'dim' };
      }),
    ]);
    const hidden = steps.length - shown.length;
    return hidden ? [...lines, { text: cut(` => and ${hidden} more`, columns, segments), tone: 'dim' }] : lines;
  };

  const transferLines = ({ columns, rows }: ViewSize): ViewLine[] => {
    const all = [...transfers.values()];
    const shown = all.slice(0, all.length > rows ? rows - 1 : rows);
    const lines = shown.map((event): ViewLine => {
      const share = event.size ? event.bytes / event.size : 1;
      const filled = Math.round(share * BAR_COLUMNS);
      const bar = columns < BAR_FROM_COLUMNS ? '' : `[${'='.repeat(filled).padEnd(BAR_COLUMNS)}] `;
      const right = `${bar}${Math.floor(share * 100)}% ${rate(event)}`.trimEnd();
      return { text: spread(` => => ${transferText(event)}`, right, columns, segments), tone: 'plain' };
    });
    const hidden = all.length - shown.length;
    return hidden > 0 ? [...lines, { text: cut(` => => and ${hidden} more`, columns, segments), tone: 'dim' }] : lines;
  };

  return {
    take,
    settled(columns) {
      const lines = settled.map((line) => line(columns));
      settled = [];
      return lines;
    },
    live({ columns, rows }, now) {
      if (rows < 1 || (running.size === 0 && transfers.size === 0)) return [];
      const { done, cached } = counts;
      const parts = [`${running.size} running`, `${done} done`, `${cached} cached`];
      const head: ViewLine = {
        text: spread(`[+] building: ${parts.join(', ')}`, seconds(now - started), columns, segments),
        tone: 'strong',
      };
      const room = rows - 1;
      const blobs = transferLines({ columns, rows: running.size ? Math.min(TRANSFER_LINES, room) : room });
      return [head, ...runningLines({ columns, rows: room - blobs.length }, now), ...blobs].slice(0, rows);
    },
  };
}

const ENDS: Readonly<Record<Extract<ProgressEvent, { type: 'step-end' }>['status'], { word: string; tone: Tone }>> = {
  hit: { word: 'CACHED ', tone: 'cached' },
  done: { word: '', tone: 'plain' },
  failed: { word: 'ERROR ', tone: 'failed' },
  canceled: { word: 'CANCELED ', tone: 'dim' },
};

function transferText({ direction, digest, size, place }: Extract<ProgressEvent, { type: 'transfer' }>): string {
  const isIn = direction === 'receive';
  return `${isIn ? 'pull' : 'push'} ${shortDigest(digest)} ${formatBytes(size)} ${isIn ? 'from' : 'to'} ${cleanLine(place)}`;
}
