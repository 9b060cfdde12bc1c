/** Time, passed in so that SOURCE_DATE_EPOCH and tests can set it. */
export interface Clock {
  /** Milliseconds since 1970, UTC. */
  now(): number;
  /** Milliseconds from any fixed point, for durations. */
  monotonic(): number;
}

export const systemClock: Clock = { now: () => Date.now(), monotonic: () => performance.now() };

/** A clock that stands still. */
export function fixedClock(ms: number): Clock {
  return { now: () => ms, monotonic: () => 0 };
}
