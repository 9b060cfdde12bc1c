import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from './cluster.ts';

/** How long nothing is asked after a connection that ended before its container, in ms. */
const PAUSE_MS = 200;

/**
 * Gives every line that a container writes once, in order, over as many connections as it takes.
 * @param isEnded whether the container has ended: what is read from then on has all
 */
export async function followLog(
  cluster: Cluster,
  at: { readonly pod: string; readonly container: string },
  isEnded: () => boolean,
  line: (text: string) => void,
  signal: AbortSignal,
): Promise<void> {
  /** The time of the last line, and how many lines have had it. */
  let [last, lines] = ['', 0];
  for (;;) {
    const wasEnded = isEnded();
    let repeated = 0;
    const take = (text: string): void => {
      const space = text.indexOf(' ');
      const time = space < 0 ? text : text.slice(0, space);
      // The times of a cluster are of one form, and later ones sort later; a question goes by the whole second.
      const order = comparable(time);
      if (order < last) return;
      if (order === last && repeated++ < lines) return;
      if (order === last) lines++;
      else [last, lines, repeated] = [order, 1, 1];
      line(space < 0 ? '' : text.slice(space + 1));
    };
    await cluster.followLog({ ...at, ...(last === '' ? {} : { since: `${last.slice(0, 19)}Z` }) }, take, signal);
    if (wasEnded || signal.aborted) return;
    if (!isEnded()) await sleep(PAUSE_MS, undefined, { signal }).catch(() => {});
  }
}

/** RFC 3339 in UTC leaves out the zeros at a fraction's end: `2026-01-02T03:04:05.1Z`. */
function comparable(time: string): string {
  const [, seconds = time, fraction = ''] = /^([^.Z]*)(?:\.(\d+))?Z$/.exec(time) ?? [];
  return `${seconds}.${fraction.padEnd(9, '0')}`;
}
