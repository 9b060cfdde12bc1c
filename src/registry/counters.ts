/** Where the registry modules count what they do; names are listed in docs/registries.md. */
export interface Counters {
  add(name: RegistryCounter, amount?: number): void;
}

export type RegistryCounter =
  | 'registry.requests'
  | 'registry.retries'
  | 'registry.resumes'
  | 'registry.redirects'
  | 'registry.tokens'
  | 'registry.mounts'
  | 'registry.bytes.received'
  | 'registry.bytes.sent';

export const noCounters: Counters = { add: () => {} };
