import type { Log } from '../io/log.ts';
import type { RunHelper } from './credential-helper.ts';
import type { Credential, CredentialSource } from './credential-source.ts';
import { type ConfigSource, credentialOf, type DockerConfig, normalizeAuthKey, serverKey } from './docker-config.ts';
import type { RepositoryName } from './registry-client.ts';

export interface ConfigCredentialsOptions {
  /** In the order they are asked. */
  readonly configs: readonly ConfigSource[];
  readonly runHelper: RunHelper;
  readonly log: Log;
}

/**
 * Credentials as docker and podman keep them. For `host/org/app` the keys `host/org/app`, `host/org` and `host` are
 * looked for, the longest first; for one key a helper of its own comes before the entry in `auths`, and the common store
 * (`credsStore`) before an `auths` entry for the host alone. A helper that fails is a warning and counts as having
 * nothing: most images are public.
 * @throws VarveError `REGISTRY_CREDENTIALS` from credential(), when a file cannot be used
 */
export function configCredentials({ configs, runHelper, log }: ConfigCredentialsOptions): CredentialSource {
  async function ask(name: string, server: string, signal: AbortSignal | undefined): Promise<Credential | undefined> {
    try {
      return await runHelper(name, server, signal);
    } catch (error) {
      signal?.throwIfAborted();
      log.warn(`no credentials for ${server}: ${error instanceof Error ? error.message : error}`);
      return undefined;
    }
  }

  async function fromConfig(
    config: DockerConfig,
    where: string,
    repository: RepositoryName,
    signal: AbortSignal | undefined,
  ): Promise<Credential | undefined> {
    const helpers = byKey(config.credHelpers);
    const auths = byKey(config.auths);
    const registry = normalizeAuthKey(repository.registry);
    const server = serverKey(repository.registry);
    for (const key of keysFor(registry, repository.repository)) {
      const isHost = key === registry;
      const helper = helpers.get(key);
      const common = isHost && helper === undefined ? config.credsStore : undefined;
      const name = helper ?? common;
      const stored = name ? await ask(name, isHost ? server : key, signal) : undefined;
      if (stored) return stored;
      const entry = auths.get(key);
      const found = entry && credentialOf(entry, `${where}: auths[${JSON.stringify(key)}]`);
      if (found) return found;
    }
    return undefined;
  }

  return {
    async credential(repository, signal) {
      for (const { name, read } of configs) {
        const config = await read();
        const found = config && (await fromConfig(config, name, repository, signal));
        if (found) return found;
      }
      return undefined;
    },
  };
}

/** `host/a/b`, `host/a`, `host`. */
function keysFor(registry: string, repository: string): string[] {
  const parts = repository.split('/');
  return [...parts.map((_, i) => `${registry}/${parts.slice(0, parts.length - i).join('/')}`), registry];
}

/** Several keys may mean one registry; a key that is written plainly wins over a URL. */
function byKey<T>(entries: Readonly<Record<string, T>> | null | undefined): Map<string, T> {
  const result = new Map<string, T>();
  for (const [key, value] of Object.entries(entries ?? {})) {
    const normal = normalizeAuthKey(key);
    if (!result.has(normal) || key === normal) result.set(normal, value);
  }
  return result;
}
