import type { Clock } from '../io/clock.ts';
import type { BuildTotals, Progress } from './progress.ts';

/** Counts a build's events as they pass on; end() tells what they came to. */
export interface CountedProgress {
  readonly progress: Progress;
  end(result: BuildTotals['result']): void;
}

/** @param next takes every event, the last one too */
export function countProgress(next: Progress, clock: Clock): CountedProgress {
  const started = clock.monotonic();
  const totals = { hits: 0, savedMs: 0, done: 0, failed: 0, received: 0, sent: 0 };
  return {
    progress(event) {
      if (event.type === 'step-end') {
        if (event.status === 'hit') totals.hits++;
        if (event.status === 'done') totals.done++;
        if (event.status === 'failed') totals.failed++;
        totals.savedMs += event.savedMs ?? 0;
      }
      if (event.type === 'transfer' && (event.state === 'done' || event.state === 'failed'))
        totals[event.direction === 'send' ? 'sent' : 'received'] += event.bytes;
      next(event);
    },
    end(result) {
      const durationMs = clock.monotonic() - started;
      next({ type: 'build-end', result, durationMs, ...totals, time: clock.now() });
    },
  };
}
