import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openStore } from '../cas/open-store.ts';
import { createHttpFetcher } from '../context/http-fetcher.ts';
import type { ProxySettings } from '../io/choose-proxy.ts';
import type { Clock } from '../io/clock.ts';
import { loadLibc } from '../io/libc.ts';
import { createLimiter } from '../io/limiter.ts';
import type { Log } from '../io/log.ts';
import { createRedactor } from '../io/redact.ts';
import type { CompressionSettings } from '../layer/compressor.ts';
import { createFrameCache } from '../layer/frame-cache.ts';
import { createUnpackPool, unpackLayer } from '../layer/unpack-layer.ts';
import type { UnpackLimits } from '../layer/unpack-stream.ts';
import type { Platform } from '../oci/platform.ts';
import { createRegistryClient, defaultRegistryLimits } from '../registry/create-registry-client.ts';
import type { CredentialSource } from '../registry/credential-source.ts';
import { type MirrorOptions, mirroredClient } from '../registry/mirrored-client.ts';
import type { RegistryAccess } from '../registry/registry-access.ts';
import { createRegistryConnections } from '../registry/registry-connections.ts';
import { findTool } from '../sandbox/find-tool.ts';
import { readHostFacts } from '../sandbox/host-facts.ts';
import { copyOwnNode } from '../sandbox/own-node.ts';
import { liesOnOverlay } from '../sandbox/probe-rungs.ts';
import type { NodeCommand } from '../sandbox/run-by-keeper.ts';
import type { RootfsKind, Rung } from '../sandbox/sandbox.ts';
import { createTreeStore } from '../snapshot/tree-store.ts';
import { createPlainPool } from '../snapshot/walk-plain.ts';
import type { CacheOptions } from './cache/cache-options.ts';
import { createRecords } from './cache/records.ts';
import { createRemoteCache } from './cache/remote-cache.ts';
import { createRemoteTrees } from './cache/remote-trees.ts';
import { createHistory } from './explain/history.ts';
import { createLayerFiles } from './images/layer-files.ts';
import { createMeter } from './meter.ts';
import { createSavedMounts } from './mounts/saved/saved-mounts.ts';
import type { SavedMountsOptions } from './mounts/saved/saved-mounts-options.ts';
import { createEmulation } from './platform/binfmt.ts';
import { createSandboxChoice } from './platform/sandbox-choice.ts';
import type { Progress } from './progress.ts';
import type { Services } from './services.ts';
import { createInPlaceRoot } from './steps/in-place-root.ts';
import { createPlainRoots } from './steps/plain-roots.ts';
import { reportTransfers } from './transfer-report.ts';

export interface ServiceOptions extends RegistryAccess {
  /** Absolute path of the store's root. */
  readonly store: string;
  readonly credentials: CredentialSource;
  /** Where images are looked for first. */
  readonly mirrors?: Omit<MirrorOptions, 'log'>;
  readonly userAgent: string;
  /** Through which HTTP(S) goes out; none when absent. */
  readonly proxies?: ProxySettings;
  readonly isolation: 'auto' | Rung;
  /** Of the rung in-place. */
  readonly inPlace?: InPlaceOptions;
  /** What RUN's root file system is; `auto`, when absent, takes an overlay where there can be one. */
  readonly rootfs?: 'auto' | RootfsKind;
  /** Steps that run at once. */
  readonly parallel: number;
  readonly platform: Platform;
  readonly compression: CompressionSettings;
  /** What one layer may unpack to. */
  readonly unpackLimits?: UnpackLimits;
  /** `process.arch` and `process.execPath`, and where to look for programs. */
  readonly host: {
    readonly arch: string;
    readonly node: string;
    readonly toolPath: string;
    /** Why the process is in no user namespace that it would need; undefined when it needs none. */
    readonly noUserNamespace?: string | undefined;
  };
  /** Where records are beyond the store. */
  readonly cache?: CacheOptions;
  /** Where cache mounts are saved beyond the store. */
  readonly cacheMounts?: SavedMountsOptions;
  /** Proxies and `SSH_AUTH_SOCK`, for git. */
  readonly gitEnv?: Readonly<Record<string, string>>;
  readonly progress: Progress;
  /** @see Services.stepEnv; none when absent */
  readonly stepEnv?: ((id: string) => readonly string[]) | undefined;
  readonly log: Log;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** How the container's own root serves as a RUN's. */
export interface InPlaceOptions {
  /** Why it must not; undefined in a container, or when it was forced. */
  readonly refusal: string | undefined;
  /** Absolute paths that are never touched: varve's own files, contexts, what is read late. The store is one anyway. */
  readonly kept: readonly string[];
  /** What becomes of the root when the build has ended: left as the last RUN left it, emptied, or as it was before. */
  readonly afterwards: 'left' | 'emptied' | 'restored';
}

/** Layers that are unpacked at once; more threads than cores don't help a job that is bound by inflate and sha256. */
const UNPACKS_AT_ONCE = 2;
/** Threads that stat a plain rootfs: the kernel's directory look-ups are what bounds them. */
const WALKERS = 2;
const BINFMT = '/proc/sys/fs/binfmt_misc';

/** Makes every dependency once. Disposing ends them all: the store's temp directories are gone then. */
export async function createServices(options: ServiceOptions): Promise<Services & AsyncDisposable> {
  const { log, clock, progress, signal } = options;
  const libc = loadLibc();
  const facts = readHostFacts(options.host.arch);
  const store = await openStore(options.store, { log, clock });
  const meter = createMeter();
  const redactor = createRedactor();
  const registryOptions = { ...options, redactor, counters: meter, watch: reportTransfers(progress, clock) };
  const connections = createRegistryConnections(registryOptions, defaultRegistryLimits);
  const shared = { ...registryOptions, connections };
  const client = createRegistryClient(shared);
  const registry = options.mirrors ? mirroredClient(client, { ...options.mirrors, log }) : client;
  const trees = createTreeStore(store.catalog);
  const records = createRecords(store.catalog);
  const limits = options.unpackLimits ? { limits: options.unpackLimits } : {};
  const pool = createUnpackPool(UNPACKS_AT_ONCE);
  const walkers = { pool: createPlainPool(WALKERS), workers: WALKERS };
  const xattrs = facts.inUserNamespace ? 'user' : 'trusted';
  const remote =
    options.cache && createRemoteCache(options.cache, { registry: shared, store, trees, records, clock, log, signal });
  const savedMounts =
    options.cacheMounts &&
    createSavedMounts(options.cacheMounts, {
      ...{ registry: shared, store, trees, libc, pool, progress, clock, log, signal },
      limits: options.unpackLimits,
    });
  const files = createLayerFiles({
    remote: createRemoteTrees({ blobs: store.blobs, trees, registry, remote: remote?.records, log, signal }),
    store,
    registry,
    trees,
    records,
    xattrs: liesOnOverlay(store.path) ? 'none' : xattrs,
    signal,
    unpack: (request) => unpackLayer({ ...request, ...limits, pool, libc }),
  });
  const http = createHttpFetcher(options.userAgent, options.proxies ?? {}, options.authorities);
  const { inPlace } = options;
  // Once: when the root is replaced, what this process was loaded from is gone.
  let own: NodeCommand | undefined;
  const ownNode = (): NodeCommand => {
    own ??= copyOwnNode(join(store.path, 'node', process.version), options.host.node);
    return own;
  };
  const backup = inPlace?.afterwards === 'restored' ? await store.makeTemp('root') : undefined;
  const root =
    inPlace &&
    createInPlaceRoot({
      libc,
      kept: [options.store, ...inPlace.kept],
      prepare: () => void ownNode(),
      backup: backup?.path,
    });
  const sandbox = createSandboxChoice({
    isolation: options.isolation,
    store,
    log,
    toolPath: options.host.toolPath,
    node: options.host.node,
    noUserNamespace: options.host.noUserNamespace,
    ...(inPlace ? { inPlace: { refusal: inPlace.refusal, ownNode } } : {}),
    facts,
    ...(options.rootfs === undefined ? {} : { rootfs: options.rootfs }),
  });
  return {
    store,
    registry,
    redactor,
    http,
    gitEnv: { ...options.gitEnv, PATH: options.host.toolPath },
    trees,
    records,
    history: createHistory(store.catalog),
    meter,
    files,
    cache: options.cache,
    remote,
    savedMounts,
    mountUses: new Map(),
    lost: new Map(),
    libc,
    clock,
    log,
    progress,
    stepEnv: options.stepEnv ?? (() => []),
    platform: options.platform,
    xattrs,
    unpackers: { pool, workers: UNPACKS_AT_ONCE },
    walkers,
    plainRoots: root ?? createPlainRoots({ store, libc }),
    signal,
    compression: options.compression,
    unpackLimits: options.unpackLimits,
    frames: createFrameCache(store.catalog, log),
    steps: createLimiter(options.parallel),
    hostResolvConf: existsSync('/etc/resolv.conf') ? readFileSync('/etc/resolv.conf', 'utf8') : '',
    program: (name) => findTool(name, options.host.toolPath),
    emulation: createEmulation(BINFMT),
    sandbox,
    async [Symbol.asyncDispose]() {
      if (inPlace?.afterwards === 'emptied') root?.clean();
      root?.restore();
      await backup?.remove();
      await pool.close();
      await walkers.pool.close();
      await remote?.[Symbol.asyncDispose]();
      await savedMounts?.[Symbol.asyncDispose]();
      await registry.close();
      await connections.close();
      await http.close();
      await store.close();
    },
  };
}
