import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Clock } from '../io/clock.ts';
import type { Log } from '../io/log.ts';
import { ConnectionLost, connectCatalog, OtherProtocol } from './catalog-client.ts';
import type { CatalogEngine } from './catalog-engine.ts';
import { serveCatalog } from './catalog-server.ts';
import { createCrashGuard } from './crash-guard.ts';
import { tryFileLock } from './file-lock.ts';
import { CatalogLocked, openHealingEngine } from './healing-engine.ts';
import type { KernelCalls } from './kernel-calls.ts';
import { createMemoryEngine } from './memory-engine.ts';

export interface SharedEngineOptions {
  /** `<store>/v1` */
  readonly directory: string;
  readonly log: Log;
  readonly clock: Clock;
  readonly kernel: KernelCalls;
  /** How long an owner may be there and not be reached, in ms, until this process goes on without. Default 30 s. */
  readonly patience?: number;
}

const PATIENCE_MS = 30_000;

/**
 * The catalog of a store that any number of processes use. Whoever has the lock of `catalog.lock` owns the LevelDB
 * files and serves the others; the others become clients. When the owner goes, however it goes, one of them takes the
 * lock, and each repeats what was not answered.
 */
export async function openSharedEngine(options: SharedEngineOptions): Promise<CatalogEngine> {
  let closed = false;
  let current = acquire();
  await current;

  async function acquire(): Promise<CatalogEngine> {
    const { directory, log, clock } = options;
    const patience = options.patience ?? PATIENCE_MS;
    for (let since = clock.monotonic(); ; ) {
      if (closed) throw new Error('the catalog is closed');
      let obstacle: Error;
      try {
        return (await tryOwn(options)) ?? (await connectCatalog(directory));
      } catch (error) {
        if (error instanceof OtherProtocol) {
          log.warn(`another version of varve uses this store, so this process has no catalog: ${error.message}`);
          return createMemoryEngine();
        }
        if (!(error instanceof ConnectionLost || error instanceof CatalogLocked)) throw error;
        obstacle = error;
      }
      // Refused or no socket: the owner is about to listen, or to go, or is on another machine. EAGAIN: many wait.
      if (!isRefusal(obstacle)) since = clock.monotonic();
      if (clock.monotonic() - since > patience) {
        log.warn(`the store's catalog is in use and cannot be reached, so this process has none: ${obstacle.message}`);
        return createMemoryEngine();
      }
      await setTimeout(2 + Math.random() * 18); // uneven, so that waiting processes don't meet again
    }
  }

  async function run<T>(operation: (engine: CatalogEngine) => Promise<T>): Promise<T> {
    for (;;) {
      const used = current;
      try {
        return await operation(await used);
      } catch (error) {
        if (closed || !(error instanceof ConnectionLost)) throw error;
        if (current === used) current = acquire();
      }
    }
  }

  return {
    getMany: (keys) => run((engine) => engine.getMany(keys)),
    write: (writes) => run((engine) => engine.write(writes)),
    page: (range) => run((engine) => engine.page(range)),
    isLasting: () => run((engine) => engine.isLasting()),
    async close() {
      closed = true;
      const engine = await current.catch(() => undefined);
      await engine?.close();
    },
  };
}

/** The engine, served to others, when the lock is free; undefined when another process has it. */
async function tryOwn({ directory, log, kernel }: SharedEngineOptions): Promise<CatalogEngine | undefined> {
  const lock = tryFileLock(join(directory, 'catalog.lock'), kernel);
  if (!lock) return undefined;
  try {
    const guard = createCrashGuard(join(directory, 'catalog'));
    const engine = await openHealingEngine(join(directory, 'catalog'), log, await guard.enter());
    const server = await serveCatalog(engine, directory).catch((error: Error) => {
      log.debug(`the store's catalog is not shared, other processes go without: ${error.message}`);
    });
    return {
      ...engine,
      async close() {
        await server?.close();
        await engine.close();
        guard.leave();
        lock.release();
      },
    };
  } catch (error) {
    lock.release();
    throw error;
  }
}

function isRefusal(error: Error): boolean {
  const code = (error.cause as NodeJS.ErrnoException | undefined)?.code;
  return error instanceof CatalogLocked || (code !== undefined && code !== 'EAGAIN');
}
