import type { Clock } from '../../io/clock.ts';
import type { Progress } from '../progress.ts';

/** What a build's steps did, by their ids: when, and what their commands wrote. */
export interface WatchedSteps {
  /** ms since the watch began; absent for a step that nobody saw. */
  time(id: string): { readonly startMs: number; readonly durationMs: number } | undefined;
  /** The text, with a line that says so where the middle was left out. */
  log(id: string): string | undefined;
}

export interface StepWatch extends WatchedSteps {
  readonly progress: Progress;
}

/** Of each step's output: how it began and how it ended, in bytes. */
const HEAD_BYTES = 32 * 1024;
const TAIL_BYTES = 96 * 1024;

/** Watches events on their way to `next`. */
export function watchSteps(next: Progress, clock: Clock): StepWatch {
  const began = clock.now();
  const times = new Map<string, { startMs: number; durationMs: number }>();
  const logs = new Map<string, BoundedLog>();
  return {
    progress(event) {
      if (event.type === 'step-start') times.set(event.id, { startMs: event.time - began, durationMs: 0 });
      if (event.type === 'step-end') {
        const time = times.get(event.id);
        if (time) time.durationMs = Math.round(event.durationMs);
      }
      if (event.type === 'step-log') {
        const log = logs.get(event.id) ?? new BoundedLog();
        logs.set(event.id, log);
        log.write(event.data);
      }
      next(event);
    },
    time: (id) => times.get(id),
    log: (id) => logs.get(id)?.text(),
  };
}

/** Keeps both ends of what is written. */
class BoundedLog {
  readonly #head: Buffer[] = [];
  #headBytes = 0;
  #tail: Buffer[] = [];
  #tailBytes = 0;
  #dropped = false;

  write(data: Buffer): void {
    const room = HEAD_BYTES - this.#headBytes;
    const first = data.subarray(0, room);
    // A copy: what comes may be a view of a larger buffer.
    if (first.length) this.#head.push(Buffer.from(first));
    this.#headBytes += first.length;
    const rest = data.subarray(first.length);
    if (rest.length === 0) return;
    this.#tail.push(Buffer.from(rest));
    this.#tailBytes += rest.length;
    if (this.#tailBytes > 2 * TAIL_BYTES) this.#trim();
  }

  /** Cut at line ends: what is left of a cut line could be half a secret, which nobody would know. */
  text(): string {
    if (this.#tailBytes > TAIL_BYTES) this.#trim();
    const head = Buffer.concat(this.#head).toString('utf8');
    const tail = Buffer.concat(this.#tail).toString('utf8');
    if (!this.#dropped) return head + tail;
    const end = head.slice(0, head.lastIndexOf('\n') + 1);
    return `${end}[…]\n${tail.slice(tail.indexOf('\n') + 1)}`;
  }

  #trim(): void {
    this.#tail = [Buffer.concat(this.#tail).subarray(-TAIL_BYTES)];
    this.#tailBytes = TAIL_BYTES;
    this.#dropped = true;
  }
}
