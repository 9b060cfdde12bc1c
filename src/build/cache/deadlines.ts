/** How long one question may take, with its retries, in ms. */
export const LOOKUP_MS = 10_000;
/** How long one blob or manifest may take, in ms: a fixed part, and what its size takes at 128 KiB/s. */
const UPLOAD_MS = 60_000;
const UPLOAD_BYTES_PER_MS = 128 * 1.024;

/** Aborts when so many bytes have taken too long. */
export type Within = (bytes: number) => AbortSignal;

/** @param signal aborts all of them */
export function transferDeadline(signal: AbortSignal): Within {
  return (bytes) => AbortSignal.any([signal, AbortSignal.timeout(UPLOAD_MS + Math.ceil(bytes / UPLOAD_BYTES_PER_MS))]);
}
