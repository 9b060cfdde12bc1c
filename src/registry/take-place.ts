import type { Limiter } from '../io/limiter.ts';
import { untilAbort } from './until-abort.ts';

/**
 * Waits for one of the limiter's places and holds it until the function that comes back is called; for work that ends
 * elsewhere, such as a stream.
 */
export async function takePlace(limiter: Limiter, signal?: AbortSignal): Promise<() => void> {
  const taken = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  const held = limiter.run(() => {
    taken.resolve();
    return released.promise;
  });
  const release = (): void => released.resolve();
  try {
    await untilAbort(Promise.race([taken.promise, held]), signal);
    return release;
  } catch (error) {
    release();
    throw error;
  }
}
