import { styleText } from 'node:util';
import type { Clock } from '../../io/clock.ts';
import { createLiveView, type Tone, type ViewLine } from './live-view.ts';
import type { ProgressView } from './progress-view.ts';

/** What is needed of a terminal: `tty.WriteStream` has it. */
export interface Terminal {
  readonly columns?: number;
  readonly rows?: number;
  write(text: string): unknown;
}

/** 10 frames a second: the clock of a step has tenths. */
const FRAME_MS = 100;
const DEFAULT_SIZE = { columns: 80, rows: 24 };

/** Drawing between these is shown at once by terminals that know them. @see https://gist.github.com/christianparpart/d8a62cc1ab659194337d73e399004036 */
const BEGIN = '\u001b[?2026h';
const END = '\u001b[?2026l';
const CLEAR_LINE = '\u001b[K';
const CLEAR_BELOW = '\u001b[J';

const STYLES: Readonly<Record<Tone, Parameters<typeof styleText>[0] | undefined>> = {
  plain: undefined,
  cached: 'cyan',
  failed: 'red',
  warning: 'yellow',
  dim: 'dim',
  strong: 'bold',
};

/** Draws a build on a terminal: a frame is one write, and only of lines that changed. */
export function ttyProgress(out: Terminal, { clock, isColored }: { clock: Clock; isColored: boolean }): ProgressView {
  const view = createLiveView(clock.now());
  let drawn: readonly ViewLine[] = [];
  const width = { seen: 0, drawn: 0 };
  const styled = ({ text, tone }: ViewLine): string => {
    const style = isColored ? STYLES[tone] : undefined;
    return style === undefined ? text : styleText(style, text, { validateStream: false });
  };

  const draw = (isLast: boolean): void => {
    // The last column stays free: what a terminal does after a full line differs.
    const columns = (out.columns || DEFAULT_SIZE.columns) - 1;
    const isStable = width.seen === columns || width.seen === 0;
    width.seen = columns;
    // While somebody pulls at the window nothing is drawn.
    if (!isStable && !isLast) return;
    const settled = view.settled(columns);
    const rows = (out.rows || DEFAULT_SIZE.rows) - 1;
    const live = isLast ? [] : view.live({ columns, rows }, clock.now());
    const start = columns < width.drawn && drawn.length > 0 ? leaveScreen(rows) : '';
    const text = start + frame(settled, live);
    drawn = live;
    width.drawn = columns;
    if (text !== '') out.write(BEGIN + text + END);
  };

  // A terminal that became narrower has wrapped what was drawn, and a frame may have come between its wrapping and its
  // telling: how many rows to go up cannot be known. What the screen shows goes off its top, where nothing is lost.
  const leaveScreen = (rows: number): string => {
    drawn = [];
    return `${'\n'.repeat(rows)}\u001b[H`;
  };

  const frame = (settled: readonly ViewLine[], live: readonly ViewLine[]): string => {
    const isSame = (line: ViewLine, i: number): boolean => {
      const old = drawn[i];
      return settled.length === 0 && old !== undefined && old.text === line.text && old.tone === line.tone;
    };
    if (settled.length === 0 && live.length === drawn.length && live.every(isSame)) return '';
    const lines = [...settled, ...live].map((line, i) =>
      isSame(line, i - settled.length) ? '\n' : `${styled(line)}${CLEAR_LINE}\n`,
    );
    const home = drawn.length ? `\u001b[${drawn.length}A\r` : '\r';
    return home + lines.join('') + (lines.length < drawn.length ? CLEAR_BELOW : '');
  };

  // Node keeps the size up to date (SIGWINCH): a resize is drawn with the next frame, however many there are.
  const timer = setInterval(() => draw(false), FRAME_MS);
  timer.unref();
  let isEnded = false;
  return {
    progress(event) {
      view.take(event);
      if (isEnded) draw(true);
    },
    end() {
      isEnded = true;
      clearInterval(timer);
      draw(true);
    },
  };
}
