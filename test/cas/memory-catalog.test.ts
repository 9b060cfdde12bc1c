import { createMemoryCatalog } from '../../src/cas/memory-catalog.ts';
import { catalogSuite } from '../suites/catalog.ts';

catalogSuite('memory', async () => {
  const catalog = createMemoryCatalog();
  return { catalog, end: () => catalog.close() };
});
