import type { Clock } from '../io/clock.ts';
import type { TransferWatch } from '../registry/transfer-watch.ts';
import type { Progress, ProgressEvent } from './progress.ts';

/** The least time between two events of one blob, in ms: as often as people can read a rate. */
const INTERVAL_MS = 250;

/** Tells progress of blobs on their way: the start, the end, and in between a few times a second. */
export function reportTransfers(progress: Progress, clock: Clock): TransferWatch {
  let count = 0;
  return {
    begin(direction, { registry, repository }, { digest, size }) {
      count++;
      const id = `transfer-${count}`;
      const started = clock.monotonic();
      let bytes = 0;
      let said = started;
      const tell = (state: Extract<ProgressEvent, { type: 'transfer' }>['state']): void => {
        said = clock.monotonic();
        const place = `${registry}/${repository}`;
        const durationMs = said - started;
        const event = { type: 'transfer', id, state, direction, digest, place, bytes, size, durationMs } as const;
        progress({ ...event, time: clock.now() });
      };
      tell('started');
      return {
        at(position) {
          bytes = position;
          if (clock.monotonic() - said >= INTERVAL_MS) tell('moving');
        },
        end: (isWhole) => tell(isWhole ? 'done' : 'failed'),
      };
    },
  };
}
