import { type ResourceLimits, Worker } from 'node:worker_threads';
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
  /** Of each worker: one that takes more memory ends, and its caller gets an error. */
  readonly resourceLimits?: ResourceLimits;
}): WorkerPool<Request, Reply> {
  const limiter = createLimiter(options.size);
  const idle: Worker[] = [];
  const busy = new Set<Worker>();

  const ask = (worker: Worker, request: Request, transfer: readonly Transferable[], signal?: AbortSignal) =>
    new Promise<Reply>((resolve, reject) => {
      const settle = (action: () => void, isAlive: boolean): void => {
        for (const [event, listener] of Object.entries(listeners)) worker.off(event, listener);
        signal?.removeEventListener('abort', onAbort);
        busy.delete(worker);
        worker.unref();
        if (isAlive) {
          idle.push(worker);
          action();
          return;
        }
        // Ended before the caller hears of it: nothing is written after that.
        worker.terminate().then(action, action);
      };
      const onAbort = (): void => settle(() => reject(signal?.reason), false);
      const onError = (error: Error): void => settle(() => reject(new Error(error.message, { cause: error })), false);
      const listeners = {
        message: (reply: Reply) => settle(() => resolve(reply), true),
        messageerror: onError,
        error: onError,
        exit: (code: number) => onError(new Error(`a worker thread ended with code ${code}`)),
      };
      for (const [event, listener] of Object.entries(listeners)) worker.on(event, listener);
      signal?.addEventListener('abort', onAbort, { once: true });
      busy.add(worker);
      worker.ref();
      worker.postMessage(request, transfer);
    });

  const start = (): Worker => {
    const { script, resourceLimits } = options;
    const worker = new Worker(script, resourceLimits ? { resourceLimits } : {});
    worker.unref();
    // One that dies while it is idle is not asked again; one that is busy tells its caller.
    worker.on('error', () => {});
    worker.on('exit', () => {
      const index = idle.indexOf(worker);
      if (index >= 0) idle.splice(index, 1);
    });
    return worker;
  };

  return {
    run(request, { signal, transfer = [] } = {}) {
      return limiter.run(async () => {
        signal?.throwIfAborted();
        return ask(idle.pop() ?? start(), request, transfer, signal);
      });
    },
    async close() {
      await Promise.all([...idle.splice(0), ...busy].map((worker) => worker.terminate()));
    },
  };
}
