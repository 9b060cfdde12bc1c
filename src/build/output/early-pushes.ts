import { createLimiter } from '../../io/limiter.ts';
import type { Digest } from '../../oci/digest.ts';
import type { RepositoryName } from '../../registry/registry-client.ts';
import type { LayerRef } from '../images/layer-ref.ts';
import type { Services } from '../services.ts';

/** Layers of the image on their way to where it will be pushed, while later steps run. */
export interface EarlyPushes {
  /** Sends a layer that a step made or that the store has; one that lies elsewhere waits for the push itself. */
  add(layer: LayerRef): void;
  /** Settles when nothing is sent any more. */
  finish(): Promise<void>;
}

/** Steps have the processors first: two uploads fill most lines. */
const UPLOADS_AT_ONCE = 2;

/**
 * Nothing here fails a build and nothing is tagged: the push sends what did not arrive, or meets the error.
 * @param repositories of several in one registry the first is fed; the push mounts from there
 */
export function createEarlyPushes(
  repositories: readonly RepositoryName[],
  { registry, remote, store, log, signal }: Pick<Services, 'registry' | 'remote' | 'store' | 'log' | 'signal'>,
): EarlyPushes {
  const firsts = repositories.filter(
    (each, i) => repositories.findIndex((other) => other.registry === each.registry) === i,
  );
  const limiter = createLimiter(UPLOADS_AT_ONCE);
  const known = new Set<Digest>();
  const jobs = new Set<Promise<void>>();

  const send = async (
    { descriptor: { digest, size }, origin }: LayerRef,
    repository: RepositoryName,
  ): Promise<void> => {
    try {
      // A layer on its way to the cache is not sent twice: it is mounted from there when it has arrived.
      const near = [await remote?.uploads?.uploaded(digest), origin].find(
        (each) => each?.registry === repository.registry,
      );
      if (signal.aborted || !(near || (await store.blobs.has(digest)))) return;
      const blob = { digest, size, ...(near ? { from: near } : {}) };
      await limiter.run(() => registry.pushBlob(repository, blob, () => store.blobs.open(digest), signal));
    } catch (error) {
      log.debug(`not sent ahead: ${error instanceof Error ? error.message : error}`);
    }
  };

  return {
    add(layer) {
      if (known.has(layer.descriptor.digest)) return;
      known.add(layer.descriptor.digest);
      for (const repository of firsts) {
        const job: Promise<void> = send(layer, repository).then(() => void jobs.delete(job));
        jobs.add(job);
      }
    },
    async finish() {
      while (jobs.size > 0) await Promise.all(jobs);
    },
  };
}
