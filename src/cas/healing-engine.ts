import { rename, rm } from 'node:fs/promises';
import { VarveError } from '../errors.ts';
import type { Log } from '../io/log.ts';
import type { CatalogEngine } from './catalog-engine.ts';
import { isDamage, isLocked, messageOf, openLevelEngine } from './level-engine.ts';
import { createMemoryEngine } from './memory-engine.ts';

/** Another program has LevelDB's own lock, although this process has the right to the catalog. */
export class CatalogLocked extends Error {}

/**
 * The LevelDB catalog in the directory `path`. When it cannot be opened, or turns out damaged in use, it is moved to
 * `<path>.broken` and made anew, with a warning and without an error; when that fails too, memory takes its place.
 * The caller holds the right to the catalog: nobody else opens or moves it meanwhile.
 * @param suspicion why the catalog must not even be opened, when it is known to be damaged
 * @throws CatalogLocked from here only; VarveError `CATALOG_FULL` from operations, when the disk is full
 */
export async function openHealingEngine(path: string, log: Log, suspicion?: string): Promise<CatalogEngine> {
  let current: Promise<CatalogEngine> = suspicion === undefined ? openOrReplace() : replace(new Error(suspicion));
  await current;

  async function openOrReplace(): Promise<CatalogEngine> {
    try {
      return await openLevelEngine(path);
    } catch (error) {
      if (isLocked(error)) throw new CatalogLocked(messageOf(error));
      return replace(error);
    }
  }

  async function replace(why: unknown): Promise<CatalogEngine> {
    log.warn(`the store's catalog could not be read and is made anew, so this build may be slower: ${messageOf(why)}`);
    try {
      await rm(`${path}.broken`, { recursive: true, force: true });
      await rename(path, `${path}.broken`).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error;
      });
      return await openLevelEngine(path);
    } catch (error) {
      log.warn(`the store's catalog could not be made anew, this process goes on without: ${messageOf(error)}`);
      return createMemoryEngine();
    }
  }

  /** Of several operations that meet the same damage the first replaces the engine. */
  function heal(broken: Promise<CatalogEngine>, why: unknown): void {
    if (current !== broken) return;
    current = broken.then(async (engine) => {
      await engine.close().catch(() => {});
      return replace(why);
    });
  }

  async function run<T>(operation: (engine: CatalogEngine) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      const used = current;
      const engine = await used;
      try {
        return await operation(engine);
      } catch (error) {
        if (isFull(error)) {
          throw new VarveError('CATALOG_FULL', `the store's catalog cannot grow: ${messageOf(error)}`, {
            cause: error,
          });
        }
        const outrun = current !== used; // another operation met the damage and closed the engine under this one
        if (attempt === 3 || !(outrun || isDamage(error))) throw error;
        heal(used, error);
      }
    }
  }

  return {
    getMany: (keys) => run((engine) => engine.getMany(keys)),
    write: (writes) => run((engine) => engine.write(writes)),
    page: (range) => run((engine) => engine.page(range)),
    isLasting: async () => (await current).isLasting(),
    close: async () => (await current).close(),
  };
}

/** LevelDB passes on strerror(3). Moving the catalog away would free nothing. */
function isFull(error: unknown): boolean {
  return /No space left on device|Disk quota exceeded|Too many open files/.test(messageOf(error));
}
