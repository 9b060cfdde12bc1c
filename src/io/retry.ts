import { setTimeout as delay } from 'node:timers/promises';

export interface RetryPolicy {
  /** How often the task runs at most, the first time included. */
  readonly attempts: number;
  /** The first wait, in ms; it doubles with each failure. */
  readonly baseMs: number;
  /** The longest wait of our own choice, in ms. */
  readonly capMs: number;
  /** The longest wait that a server may ask for, in ms; a longer one ends the retries. */
  readonly serverCapMs: number;
  /** A number in [0, 1). */
  readonly random: () => number;
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
}

/** Five attempts within about eight seconds, unless a server asks for longer waits. */
export const defaultRetryPolicy: RetryPolicy = {
  attempts: 5,
  baseMs: 500,
  capMs: 10_000,
  serverCapMs: 120_000,
  random: Math.random,
  sleep: async (ms, signal) => {
    await delay(ms, undefined, signal ? { signal } : {});
  },
};

/** The policy with this many repetitions; as it is when undefined. */
export function withRetries(policy: RetryPolicy, retries: number | undefined): RetryPolicy {
  return retries === undefined ? policy : { ...policy, attempts: retries + 1 };
}

/** What a failure says about trying again: `afterMs` is a wait that the other side asked for. */
export type RetryVerdict = false | { readonly afterMs?: number | undefined };

export interface RetryOptions {
  readonly policy: RetryPolicy;
  readonly verdict: (error: unknown) => RetryVerdict;
  readonly onRetry?: (error: unknown, waitMs: number, attempt: number) => void;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Runs `task` until it succeeds, fails for good, or the attempts are used up; then the last error is thrown.
 * An aborted signal ends it with the signal's reason.
 */
export async function retry<T>(task: (attempt: number) => Promise<T>, options: RetryOptions): Promise<T> {
  const { policy, verdict, onRetry, signal } = options;
  for (let attempt = 1; ; attempt++) {
    signal?.throwIfAborted();
    try {
      return await task(attempt);
    } catch (error) {
      signal?.throwIfAborted();
      const answer = verdict(error);
      if (answer === false || attempt >= policy.attempts) throw error;
      const waitMs = retryWait(policy, attempt, answer.afterMs);
      if (waitMs === undefined) throw error;
      onRetry?.(error, waitMs, attempt);
      await pause(policy, waitMs, signal);
    }
  }
}

/**
 * The wait after failure number `attempt`, in ms: half of it fixed, half by chance, so that many clients don't come back
 * at once. Undefined when the other side asks for more than `serverCapMs`.
 */
export function retryWait(policy: RetryPolicy, attempt: number, afterMs?: number): number | undefined {
  if (afterMs !== undefined && afterMs > policy.serverCapMs) return undefined;
  const full = Math.min(policy.capMs, policy.baseMs * 2 ** (attempt - 1));
  return Math.max(full / 2 + (full / 2) * policy.random(), afterMs ?? 0);
}

/** Sleeps as the policy does; an abort rejects with the signal's own reason. */
export async function pause(policy: RetryPolicy, ms: number, signal?: AbortSignal): Promise<void> {
  try {
    await policy.sleep(ms, signal);
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}
