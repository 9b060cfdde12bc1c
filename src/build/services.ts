import type { Store } from '../cas/store.ts';
import type { HttpFetcher } from '../context/http-fetcher.ts';
import type { Clock } from '../io/clock.ts';
import type { Libc } from '../io/libc.ts';
import type { Limiter } from '../io/limiter.ts';
import type { Log } from '../io/log.ts';
import type { Redactor } from '../io/redact.ts';
import type { CompressionSettings } from '../layer/compressor.ts';
import type { FrameCache } from '../layer/frame-cache.ts';
import type { UnpackPool } from '../layer/unpack-layer.ts';
import type { UnpackLimits } from '../layer/unpack-stream.ts';
import type { Digest } from '../oci/digest.ts';
import type { Platform } from '../oci/platform.ts';
import type { RegistryClient } from '../registry/registry-client.ts';
import type { TreeStore } from '../snapshot/tree.ts';
import type { PlainPool } from '../snapshot/walk-plain.ts';
import type { CacheOptions } from './cache/cache-options.ts';
import type { Records } from './cache/records.ts';
import type { RemoteCache } from './cache/remote-cache.ts';
import type { History } from './explain/history.ts';
import type { LayerFiles } from './images/layer-files.ts';
import type { Meter } from './meter.ts';
import type { MountUse, SavedMounts } from './mounts/saved/saved-mounts.ts';
import type { Emulation } from './platform/binfmt.ts';
import type { SandboxChoice } from './platform/sandbox-choice.ts';
import type { Progress } from './progress.ts';
import type { PlainRoots } from './steps/plain-roots.ts';

/** Everything that a build depends on, made once (create-services.ts) and passed on. */
export interface Services {
  readonly store: Store;
  readonly registry: RegistryClient;
  readonly trees: TreeStore;
  readonly records: Records;
  readonly history: History;
  readonly meter: Meter;
  readonly files: LayerFiles;
  /** How records are read and written beyond the store, and who does it. */
  readonly cache: CacheOptions | undefined;
  readonly remote: RemoteCache | undefined;
  /** Where cache mounts are saved beyond the store, and those that were used since they were saved, by identity. */
  readonly savedMounts: SavedMounts | undefined;
  readonly mountUses: Map<string, MountUse>;
  /** Layers that a record promised and that could not be had: their records count no more, until the step has been done. */
  readonly lost: Map<Digest, 'lost' | 'made again'>;
  readonly libc: Libc;
  readonly clock: Clock;
  readonly log: Log;
  readonly progress: Progress;
  /** Environment that a step's command gets and its key has not. @param id as in {@link Progress} */
  readonly stepEnv: (id: string) => readonly string[];
  /** The machine's own platform. */
  readonly platform: Platform;
  readonly sandbox: SandboxChoice;
  readonly plainRoots: PlainRoots;
  /** Threads that walk plain rootfs, and how many. */
  /** Threads that read layers. */
  readonly unpackers: { readonly pool: UnpackPool; readonly workers: number };
  readonly walkers: { readonly pool: PlainPool; readonly workers: number };
  /** Which namespace overlayfs keeps its xattrs in: `user` inside a user namespace. */
  readonly xattrs: 'trusted' | 'user';
  /** How many steps run at once. */
  readonly steps: Limiter;
  readonly frames: FrameCache;
  /** Of the layers that are made here; those of base images stay as they are. */
  readonly compression: CompressionSettings;
  /** What one layer may unpack to, where it is not the default. */
  readonly unpackLimits: UnpackLimits | undefined;
  /** Hides, and knows, what registries were given as credentials. */
  readonly redactor: Redactor;
  readonly http: HttpFetcher;
  /** What git inherits: `PATH`, proxies and `SSH_AUTH_SOCK`, as far as they are there. */
  readonly gitEnv: Readonly<Record<string, string>>;
  readonly hostResolvConf: string;
  /** Where a program of the machine is; undefined when it is not installed. */
  program(name: string): string | undefined;
  readonly emulation: Emulation;
  readonly signal: AbortSignal;
}
