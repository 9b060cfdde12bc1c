import { defaultRetryPolicy } from '../../io/retry.ts';
import { createRegistryClient, type RegistryClientOptions } from '../../registry/create-registry-client.ts';
import { type RecordStore, registryRecordStore } from '../../registry/record-store.ts';
import type { RegistryClient } from '../../registry/registry-client.ts';
import type { CachePlace } from './cache-options.ts';
import { LOOKUP_MS } from './deadlines.ts';
import { layoutRecordStore } from './layout-record-store.ts';

/** Often enough for a connection that broke once. */
const ATTEMPTS = 3;

/** A client for caches, which are not worth the patience that a push is. */
export function cacheClient(options: RegistryClientOptions): RegistryClient {
  return createRegistryClient({
    ...options,
    retryPolicy: {
      ...(options.retryPolicy ?? defaultRetryPolicy),
      attempts: ATTEMPTS,
      serverCapMs: LOOKUP_MS / 2,
    },
    limits: { ...options.limits, silenceMs: LOOKUP_MS, uploadSilenceMs: 6 * LOOKUP_MS },
  });
}

export function openPlace(client: RegistryClient, place: CachePlace): RecordStore {
  return place.kind === 'layout'
    ? layoutRecordStore(place.path)
    : registryRecordStore(client, place.repository, place.tagPrefix);
}
