import { createCacheMounts } from './cache-mounts.ts';
import { createSecrets, type SecretValue } from './secrets.ts';
import type { Services } from './services.ts';
import { createMountFactory, type MountFactory } from './step-mounts.ts';

/** The mounts of one build: its secrets, the store's caches. */
export function createStepMounts(
  secrets: ReadonlyMap<string, SecretValue>,
  { store, libc, signal }: Services,
): MountFactory {
  return createMountFactory({
    secrets: createSecrets(secrets, store.path),
    caches: createCacheMounts(store, libc, signal),
    libc,
  });
}
