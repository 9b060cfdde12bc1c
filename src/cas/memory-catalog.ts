import type { Catalog } from './catalog.ts';
import { createEngineCatalog } from './engine-catalog.ts';
import { createMemoryEngine } from './memory-engine.ts';

/** A catalog that ends with its process, for tests and dry runs. */
export function createMemoryCatalog(): Catalog {
  return createEngineCatalog(createMemoryEngine());
}
