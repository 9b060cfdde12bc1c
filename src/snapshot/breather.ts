import { setImmediate } from 'node:timers/promises';

/** Lets other work run between synchronous calls: await what it returns, when it returns something. */
export type Breather = () => Promise<void> | undefined;

/** How long a run of synchronous calls may keep the event loop, in ms. */
const SLICE = 10;

/** @throws the signal's reason when it is aborted */
export function createBreather(signal?: AbortSignal): Breather {
  let started = performance.now();
  return () => {
    if (performance.now() - started < SLICE) return undefined;
    return setImmediate().then(() => {
      signal?.throwIfAborted();
      started = performance.now();
    });
  };
}
