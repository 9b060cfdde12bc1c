import type { Log } from '../io/log.ts';
import { formatReference } from '../oci/reference.ts';
import { isHostEntry } from './registry-access.ts';
import type { RegistryClient, RepositoryName } from './registry-client.ts';
import { refusalOf } from './registry-error.ts';

/** Where images of a registry are looked for first. */
export interface RegistryMap {
  /** The registry that images are named with; `docker.io` for Docker Hub. */
  readonly from: string;
  readonly to: string;
  /** Put before the repository: `proxy/` makes `proxy/library/debian`; empty for none. */
  readonly prefix: string;
}

export interface MirrorOptions {
  /** In the order that they are tried. */
  readonly maps: readonly RegistryMap[];
  /** Whether the registry itself is asked when no mirror has the image. */
  readonly fallback: boolean;
  readonly log: Log;
}

/**
 * A client that pulls through mirrors: manifests and blobs of a registry that has any are asked of them in order, then of
 * the registry itself. A mirror that could not be reached is not asked again. Pushes and what they ask go to the registry
 * that is named. Whatever a mirror sends is checked against its digest; what a tag means there is the mirror's word.
 */
export function mirroredClient(client: RegistryClient, { maps, fallback, log }: MirrorOptions): RegistryClient {
  const lost = new Set<string>();

  async function first<T, N extends RepositoryName>(
    name: N,
    what: string,
    signal: AbortSignal | undefined,
    ask: (name: N) => Promise<T>,
  ): Promise<T> {
    const mirrors = maps.filter(({ from }) => isHostEntry(from, name.registry));
    const places = mirrors.map(({ to, prefix }) => ({ ...name, registry: to, repository: prefix + name.repository }));
    const all = fallback || places.length === 0 ? [...places, name] : places;
    const reachable = all.filter(({ registry }) => !lost.has(registry));
    const asked = reachable.length ? reachable : all;
    for (const [i, place] of asked.entries()) {
      try {
        const found = await ask(place);
        if (found !== undefined || i === asked.length - 1) return found;
      } catch (error) {
        signal?.throwIfAborted();
        if (i === asked.length - 1) throw error;
        if (refusalOf(error) === undefined) lost.add(place.registry);
        log.warn(
          `${what} not from ${place.registry}: ${error instanceof Error ? error.message : error}; going on with ${asked[i + 1]!.registry}`,
        );
      }
    }
    throw new Error('there is always a place');
  }

  return {
    ...client,
    manifest: (reference, signal) =>
      first(reference, formatReference(reference), signal, (place) => client.manifest(place, signal)),
    headManifest: (reference, signal) =>
      first(reference, formatReference(reference), signal, (place) => client.headManifest(place, signal)),
    blob: (repository, blob, signal) =>
      first(repository, `blob ${blob.digest}`, signal, (place) => client.blob(place, blob, signal)),
  };
}
