import type { Clock } from '../io/clock.ts';
import type { Log } from '../io/log.ts';
import type { Redactor } from '../io/redact.ts';
import type { Counters } from './counters.ts';

/** What all parts of one client share. */
export interface TransportContext {
  readonly log: Log;
  readonly clock: Clock;
  readonly counters: Counters;
  readonly redactor: Redactor;
  /** How long a server may be silent, in ms, before and within an answer. */
  readonly silenceMs: number;
  /** The same for the end of an upload, where some registries copy the blob before they answer. */
  readonly uploadSilenceMs: number;
}

/** Answers that a registry gives when it may do better next time. */
const RETRYABLE: readonly number[] = [408, 429, 500, 502, 503, 504];

export function isRetryableStatus(status: number): boolean {
  return RETRYABLE.includes(status);
}
