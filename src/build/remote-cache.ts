import type { Store } from '../cas/store.ts';
import type { Clock } from '../io/clock.ts';
import type { Log } from '../io/log.ts';
import { defaultRetryPolicy } from '../io/retry.ts';
import { createRegistryClient, type RegistryClientOptions } from '../registry/create-registry-client.ts';
import { type RecordStore, registryRecordStore } from '../registry/record-store.ts';
import type { TreeStore } from '../snapshot/tree.ts';
import type { CacheOptions, CachePlace } from './cache-options.ts';
import { layoutRecordStore } from './layout-record-store.ts';
import { createRecordUploads, type RecordUploads } from './record-uploads.ts';
import type { Records } from './records.ts';
import { createRemoteRecords, LOOKUP_MS, type RemoteRecords } from './remote-records.ts';

/** The caches that a build reads from and writes to. */
export interface RemoteCache extends AsyncDisposable {
  readonly records: RemoteRecords;
  readonly uploads: RecordUploads | undefined;
}

export interface RemoteCacheDeps {
  readonly registry: RegistryClientOptions;
  readonly store: Store;
  readonly trees: TreeStore;
  readonly records: Records;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** All places share one client of their own: a cache is not worth the patience that a push is. */
export function createRemoteCache(options: CacheOptions, deps: RemoteCacheDeps): RemoteCache {
  const { store, trees, records, clock, log, signal } = deps;
  const { signer, to, ttlMs } = options;
  const client = createRegistryClient({
    ...deps.registry,
    retryPolicy: { ...(deps.registry.retryPolicy ?? defaultRetryPolicy), attempts: 2, serverCapMs: LOOKUP_MS / 2 },
    limits: { ...deps.registry.limits, silenceMs: LOOKUP_MS, uploadSilenceMs: 6 * LOOKUP_MS },
  });
  const open = (place: CachePlace): RecordStore =>
    place.kind === 'layout'
      ? layoutRecordStore(place.path)
      : registryRecordStore(client, place.repository, place.tagPrefix);
  const common = { signer, log, signal };
  const canSign = !signer || signer.sign !== undefined;
  if (to && !canSign) log.warn('--cache-key is a public key: records are read, and none is written');
  return {
    records: createRemoteRecords({ ...common, stores: options.from.map(open), ttlMs, blobs: store.blobs, clock }),
    uploads:
      to && canSign
        ? createRecordUploads({
            ...common,
            place: open(to.place),
            mode: to.mode,
            store,
            trees,
            records,
            now: () => clock.now(),
          })
        : undefined,
    [Symbol.asyncDispose]: () => client.close(),
  };
}
