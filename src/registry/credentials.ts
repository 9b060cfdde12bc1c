import { type BytePath, toText } from '../io/byte-path.ts';
import type { Log } from '../io/log.ts';
import type { RunHelper } from './credential-helper.ts';
import type { Credential, CredentialSource } from './credential-source.ts';
import { credentialOf, type DockerConfig, normalizeAuthKey, readDockerConfig } from './docker-config.ts';
import type { RepositoryName } from './registry-client.ts';

export interface FileCredentialsOptions {
  /** config.json files, byte strings, in the order they are asked; those that don't exist are passed over. */
  readonly paths: readonly BytePath[];
  readonly runHelper: RunHelper;
  readonly log: Log;
}

/** What docker hands to a helper for Docker Hub. */
const DOCKER_HUB_SERVER = 'https://index.docker.io/v1/';

/**
 * Credentials as docker and podman keep them. For `host/org/app` the keys `host/org/app`, `host/org` and `host` are
 * looked for, the longest first; for one key a helper of its own comes before the entry in `auths`, and the common store
 * (`credsStore`) before an `auths` entry for the host alone. A helper that fails is a warning and counts as having
 * nothing: most images are public.
 * @throws VarveError `REGISTRY_CREDENTIALS` from credential(), when a file cannot be used
 */
export function fileCredentials({ paths, runHelper, log }: FileCredentialsOptions): CredentialSource {
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
    path: BytePath,
    repository: RepositoryName,
    signal: AbortSignal | undefined,
  ): Promise<Credential | undefined> {
    const helpers = byKey(config.credHelpers);
    const auths = byKey(config.auths);
    const registry = normalizeAuthKey(repository.registry);
    const server = registry === 'docker.io' ? DOCKER_HUB_SERVER : repository.registry;
    for (const key of keysFor(registry, repository.repository)) {
      const isHost = key === registry;
      const helper = helpers.get(key);
      const common = isHost && helper === undefined ? config.credsStore : undefined;
      const name = helper ?? common;
      const stored = name ? await ask(name, isHost ? server : key, signal) : undefined;
      if (stored) return stored;
      const entry = auths.get(key);
      const found = entry && credentialOf(entry, `${toText(path)}: auths[${JSON.stringify(key)}]`);
      if (found) return found;
    }
    return undefined;
  }

  return {
    async credential(repository, signal) {
      for (const path of paths) {
        const config = await readDockerConfig(path);
        const found = config && (await fromConfig(config, path, repository, signal));
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
