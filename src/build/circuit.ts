import { VarveError } from '../errors.ts';
import type { Log } from '../io/log.ts';
import { refusalOf } from '../registry/registry-error.ts';

/** Failures after which a place is left alone for the rest of the build. */
const FAILURES = 3;

/** Remembers whether a place is worth asking. The first failure is a warning, the others are not told. */
export interface Circuit {
  readonly isOpen: boolean;
  failed(error: unknown): void;
}

/** @param what for people: `reading the cache HOST/REPO` */
export function createCircuit(what: string, log: Log): Circuit {
  let failures = 0;
  return {
    get isOpen() {
      return failures >= FAILURES;
    },
    failed(error) {
      const message = reason(error);
      if (failures === 0) log.warn(`${what}: ${message}; the build goes on without it`);
      else log.debug(`${what}: ${message}`);
      failures += isLasting(error) ? FAILURES : 1;
    },
  };
}

/** What another request would meet again: silence, no permission. */
function isLasting(error: unknown): boolean {
  const status = refusalOf(error)?.status;
  return isTimeout(error) || status === 401 || status === 403 || status === 405;
}

function isTimeout(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'TimeoutError';
}

function reason(error: unknown): string {
  if (isTimeout(error)) return 'it did not answer in time';
  return error instanceof VarveError || error instanceof Error ? error.message : String(error);
}
