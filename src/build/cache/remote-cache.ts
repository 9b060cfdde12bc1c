import type { Store } from '../../cas/store.ts';
import type { Clock } from '../../io/clock.ts';
import type { Log } from '../../io/log.ts';
import type { RegistryClientOptions } from '../../registry/create-registry-client.ts';
import type { RecordStore } from '../../registry/record-store.ts';
import type { TreeStore } from '../../snapshot/tree.ts';
import type { CacheOptions, CachePlace } from './cache-options.ts';
import type { Reach } from './circuit.ts';
import { cacheClient, openPlace } from './open-place.ts';
import { createRecordUploads, type RecordUploads } from './record-uploads.ts';
import type { Records } from './records.ts';
import { createRemoteRecords, type RemoteRecords } from './remote-records.ts';
import { createStepLeases, type StepLeases } from './step-leases.ts';

/** The caches that a build reads from and writes to. */
export interface RemoteCache extends AsyncDisposable {
  readonly records: RemoteRecords;
  readonly uploads: RecordUploads | undefined;
  readonly leases: StepLeases | undefined;
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
  const client = cacheClient(deps.registry);
  const canSign = !signer || signer.sign !== undefined;
  const reaches = new Map<string, Reach>();
  const withReach = (place: CachePlace): { store: RecordStore; reach: Reach } => {
    const opened = openPlace(client, place);
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
    leases: options.leases && target ? createStepLeases({ place: target.store, clock, log, signal }) : undefined,
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
