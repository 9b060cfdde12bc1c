import type { Store } from '../../cas/store.ts';
import type { Clock } from '../../io/clock.ts';
import type { Log } from '../../io/log.ts';
import { defaultRetryPolicy } from '../../io/retry.ts';
import { createRegistryClient, type RegistryClientOptions } from '../../registry/create-registry-client.ts';
import { type RecordStore, registryRecordStore } from '../../registry/record-store.ts';
import type { TreeStore } from '../../snapshot/tree.ts';
import type { CacheOptions, CachePlace } from './cache-options.ts';
import type { Reach } from './circuit.ts';
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

/** Often enough for a connection that broke once. */
const ATTEMPTS = 3;

/** All places share one client of their own: a cache is not worth the patience that a push is. */
export function createRemoteCache(options: CacheOptions, deps: RemoteCacheDeps): RemoteCache {
  const { store, trees, records, clock, log, signal } = deps;
  const { signer, to, ttlMs } = options;
  const client = createRegistryClient({
    ...deps.registry,
    retryPolicy: {
      ...(deps.registry.retryPolicy ?? defaultRetryPolicy),
      attempts: ATTEMPTS,
      serverCapMs: LOOKUP_MS / 2,
    },
    limits: { ...deps.registry.limits, silenceMs: LOOKUP_MS, uploadSilenceMs: 6 * LOOKUP_MS },
  });
  const canSign = !signer || signer.sign !== undefined;
  const open = (place: CachePlace): RecordStore =>
    place.kind === 'layout'
      ? layoutRecordStore(place.path)
      : registryRecordStore(client, place.repository, place.tagPrefix);
  const reaches = new Map<string, Reach>();
  const withReach = (place: CachePlace): { store: RecordStore; reach: Reach } => {
    const opened = open(place);
    const reach = reaches.get(opened.name) ?? { isLost: false };
    reaches.set(opened.name, reach);
    return { store: opened, reach };
  };
  const target = to && canSign ? withReach(to.place) : undefined;
  const common = { signer, log, signal };
  if (to && !canSign) log.warn('--cache-key is a public key: records are read, and none is written');
  const remote = createRemoteRecords({
    ...common,
    places: options.from.map(withReach),
    ttlMs,
    blobs: store.blobs,
    clock,
  });
  return {
    records: remote,
    uploads:
      to && target
        ? createRecordUploads({
            ...common,
            place: target.store,
            reach: target.reach,
            mode: to.mode,
            store,
            trees,
            records,
            remote,
            pull: (from, blob, until) => client.blob(from, blob, until),
            now: () => clock.now(),
          })
        : undefined,
    [Symbol.asyncDispose]: () => client.close(),
  };
}
