import type { BuildRecord } from '../build/explain/build-record.ts';
import { createHistory, type History } from '../build/explain/history.ts';
import { createStoreServices, type StoreServices } from '../build/store/store-services.ts';
import { type StoreFlags, storeOptions } from './service-options.ts';

/** A store's history, open. */
export interface OpenHistory extends AsyncDisposable {
  readonly services: StoreServices;
  readonly history: History;
  /** Newest first. */
  readonly builds: readonly BuildRecord[];
}

export async function openHistory(flags: StoreFlags, signal: AbortSignal): Promise<OpenHistory> {
  const services = await createStoreServices(storeOptions(flags, signal));
  try {
    const history = createHistory(services.store.catalog);
    const builds = await history.builds();
    return { services, history, builds, [Symbol.asyncDispose]: () => services[Symbol.asyncDispose]() };
  } catch (error) {
    await services[Symbol.asyncDispose]();
    throw error;
  }
}
