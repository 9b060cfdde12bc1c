import type { Services } from '../services.ts';
import { createCacheMounts } from './cache-mounts.ts';
import { createSecrets, type SecretValue } from './secrets.ts';
import { createSshAgents } from './ssh-agents.ts';
import { createMountFactory, type MountFactory } from './step-mounts.ts';

/** The mounts of one build: its secrets and ssh agents, the store's caches. */
export function createStepMounts(
  { secrets, ssh }: { secrets: ReadonlyMap<string, SecretValue>; ssh: ReadonlyMap<string, readonly string[]> },
  services: Services,
): MountFactory {
  const { store, libc, program } = services;
  return createMountFactory({
    secrets: createSecrets(secrets, store),
    ssh: createSshAgents(ssh, program),
    caches: createCacheMounts(services),
    libc,
  });
}
