import { Worker } from 'node:worker_threads';
import { createLimiter } from './limiter.ts';

/** Worker threads that answer one request at a time each. */
export interface WorkerPool<Request, Reply> {
  /**
   * Sends a request to a free worker, when there is one, and gives its reply. Aborting ends the worker, at whatever it
   * is; the next request starts a new one.
   * @param transfer what moves to the worker instead of being copied
   * @throws the signal's reason; Error when the worker dies
   */
  run(
    request: Request,
    options?: { readonly signal?: AbortSignal | undefined; readonly transfer?: readonly Transferable[] },
  ): Promise<Reply>;
  close(): Promise<void>;
}

type Transferable = Parameters<Worker['postMessage']>[1] extends readonly (infer T)[] | undefined ? T : never;

/**
 * A pool of at most `size` workers, started when they are needed. The script answers every message with one message
 * and reports failures in it. Idle workers do not keep the process alive.
 */
export function createWorkerPool<Request, Reply>(options: {
  readonly script: URL;
  readonly size: number;
}): WorkerPool<Request, Reply> {
  const limiter = createLimiter(options.size);
  const idle: Worker[] = [];
  const busy = new Set<Worker>();

  const ask = (worker: Worker, request: Request, transfer: readonly Transferable[], signal?: AbortSignal) =>
    new Promise<Reply>((resolve, reject) => {
      const settle = (action: () => void, isAlive: boolean): void => {
        worker.removeAllListeners();
        signal?.removeEventListener('abort', onAbort);
        busy.delete(worker);
        worker.unref();
        if (isAlive) idle.push(worker);
        // Ended before the caller hears of it: nothing is written after that.
        if (isAlive) action();
        else worker.terminate().then(action, action);
      };
      const onAbort = (): void => settle(() => reject(signal?.reason), false);
      worker.once('message', (reply: Reply) => settle(() => resolve(reply), true));
      worker.once('messageerror', (error) => settle(() => reject(error), false));
      worker.once('error', (error) => settle(() => reject(error), false));
      worker.once('exit', (code) => settle(() => reject(new Error(`a worker thread ended with code ${code}`)), false));
      signal?.addEventListener('abort', onAbort, { once: true });
      busy.add(worker);
      worker.ref();
      worker.postMessage(request, transfer);
    });

  return {
    run(request, { signal, transfer = [] } = {}) {
      return limiter.run(async () => {
        signal?.throwIfAborted();
        return ask(idle.pop() ?? new Worker(options.script), request, transfer, signal);
      });
    },
    async close() {
      await Promise.all([...idle.splice(0), ...busy].map((worker) => worker.terminate()));
    },
  };
}
