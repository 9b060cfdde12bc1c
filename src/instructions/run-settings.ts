import type { Rlimit } from '../sandbox/sandbox.ts';
import type { ExtraHost } from '../sandbox/write-etc-files.ts';

/** What a build must allow (`--allow`) before a RUN may ask for it; BuildKit's names. */
export type Entitlement = 'network.host' | 'security.insecure';

export type NetworkMode = 'default' | 'none' | 'host';

/** What a build gives every RUN besides its own line. */
export interface RunSettings {
  readonly allowed: ReadonlySet<Entitlement>;
  /** Of a RUN without --network. */
  readonly network: NetworkMode;
  readonly extraHosts: readonly ExtraHost[];
  readonly rlimits: readonly Rlimit[];
  /** Of /dev/shm. */
  readonly shmSizeBytes?: number;
}

export const DEFAULT_RUN_SETTINGS: RunSettings = {
  allowed: new Set(),
  network: 'default',
  extraHosts: [],
  rlimits: [],
};
