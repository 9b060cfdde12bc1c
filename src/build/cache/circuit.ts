import { VarveError } from '../../errors.ts';
import type { Log } from '../../io/log.ts';
import { refusalOf } from '../../registry/registry-error.ts';

/** Failures after which a place is left alone for the rest of the build. */
const FAILURES = 3;

/** Whether a place answers at all: what reads and what writes shares it. */
export interface Reach {
  isLost: boolean;
}

/** Remembers whether a place is worth asking. The first failure is a warning, the others are not told. */
export interface Circuit {
  readonly isOpen: boolean;
  failed(error: unknown): void;
}

/** @param what for people: `reading the cache HOST/REPO` */
export function createCircuit(what: string, reach: Reach, log: Log): Circuit {
  let failures = 0;
  return {
    get isOpen() {
      return reach.isLost || failures >= FAILURES;
    },
    failed(error) {
      const text = `${what}: ${reason(error)}`;
      if (failures === 0 && !reach.isLost) log.warn(`${text}; the build goes on without it`);
      else log.debug(text);
      failures += isRefused(error) ? FAILURES : 1;
      if (isSilent(error)) reach.isLost = true;
    },
  };
}

/** What another request would meet again: no permission, no such method. */
function isRefused(error: unknown): boolean {
  const status = refusalOf(error)?.status;
  return status === 401 || status === 403 || status === 405;
}

/** No answer, after the client's own retries. */
function isSilent(error: unknown): boolean {
  return isTimeout(error) || (error instanceof VarveError && error.code === 'REGISTRY_CONNECTION');
}

function isTimeout(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'TimeoutError';
}

function reason(error: unknown): string {
  if (isTimeout(error)) return 'it did not answer in time';
  return error instanceof Error ? error.message : String(error);
}
