import { createMemoryBlobStore } from '../../src/cas/memory-blob-store.ts';
import { blobStoreSuite } from '../suites/blob-store.ts';

blobStoreSuite('memory', async () => ({ store: createMemoryBlobStore(), end: async () => {} }));
