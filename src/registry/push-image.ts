import { VarveError } from '../errors.ts';
import { createLimiter } from '../io/limiter.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import { formatReference, type Reference } from '../oci/reference.ts';
import { contentBlobs } from './content-blobs.ts';
import {
  type ContentBlob,
  type Document,
  type ImageContent,
  type IndexContent,
  imagesOf,
  indexesOf,
  topDocument,
} from './image-content.ts';
import type { RegistryClient, RepositoryName } from './registry-client.ts';
import { isBlobUnknown } from './registry-error.ts';

export interface PushOptions {
  /** A repository that has the blob already, so that it can be mounted. */
  readonly from?: (digest: Digest) => RepositoryName | undefined;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: PushProgress) => void;
  /** Told of a tag that the registry does not let change, and that stays as it is; without it that is a failure. */
  readonly onImmutableTag?: (reference: Reference, error: VarveError) => void;
  /** Blobs on their way at once, over all destinations. */
  readonly concurrency?: number;
}

export interface PushProgress {
  readonly repository: RepositoryName;
  readonly descriptor: Descriptor;
  readonly result: 'exists' | 'mounted' | 'uploaded';
}

/**
 * How registries say that a tag exists and may not change: Artifact Registry, ECR, Harbor. No code of the spec is for it.
 * @see https://cloud.google.com/artifact-registry/docs/docker/troubleshoot#push
 * @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html
 */
const IMMUTABLE =
  /enabled tag immutability|cannot be overwritten because the (tag|repository) is immutable|configured as immutable/i;

/** The client bounds uploads for each registry; this bounds open files. */
const BLOB_CONCURRENCY = 16;

/**
 * Pushes an image or index to all destinations. Blobs go first, then the manifests by digest, the tags last: when
 * anything fails no tag is written anywhere. A second repository in one registry is fed by mounting from the first.
 * @throws VarveError `REGISTRY_*`; the first failure ends the others
 */
export async function pushImage(
  client: Pick<RegistryClient, 'pushBlob' | 'pushManifest' | 'pushReferrer'>,
  content: ImageContent | IndexContent,
  destinations: readonly Reference[],
  options: PushOptions = {},
): Promise<void> {
  const top = topDocument(content);
  for (const destination of destinations) {
    if (destination.digest !== undefined && destination.digest !== top.descriptor.digest) {
      throw new VarveError(
        'REGISTRY_DIGEST_MISMATCH',
        `cannot push to ${formatReference(destination)}: the image's digest is ${top.descriptor.digest}`,
      );
    }
  }
  const failed = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, failed.signal]) : failed.signal;
  const limiter = createLimiter(options.concurrency ?? BLOB_CONCURRENCY);
  const blobs = contentBlobs(content).filter((blob) => !isManifest(blob, content));

  /** Waits for all, so that nothing runs on after a failure; the first failure is the one that is told. */
  async function all(tasks: readonly (() => Promise<void>)[]): Promise<void> {
    let first: { readonly error: unknown } | undefined;
    const guarded = async (task: () => Promise<void>): Promise<void> => {
      try {
        await task();
      } catch (error) {
        first ??= { error };
        failed.abort(error);
      }
    };
    await Promise.all(tasks.map(guarded));
    if (first) throw first.error;
  }

  async function push(repository: RepositoryName, blob: ContentBlob, from: RepositoryName | undefined): Promise<void> {
    await limiter.run(async () => {
      signal.throwIfAborted();
      const { digest, size } = blob.descriptor;
      const result = await client.pushBlob(repository, { digest, size, ...(from ? { from } : {}) }, blob.open, signal);
      options.onProgress?.({ repository, descriptor: blob.descriptor, result });
    });
  }

  async function feed(repositories: readonly RepositoryName[]): Promise<void> {
    let before: RepositoryName | undefined;
    for (const repository of repositories) {
      const fed = before;
      await all(
        blobs.map((blob) => () => {
          const known = options.from?.(blob.descriptor.digest);
          return push(repository, blob, known?.registry === repository.registry ? known : fed);
        }),
      );
      before = repository;
    }
  }

  options.signal?.throwIfAborted();
  const registries = [...byRegistry(destinations).values()];
  await all(registries.map((repositories) => () => feed(repositories)));

  const put = async (reference: Reference, document: Document): Promise<void> => {
    const send = (): Promise<void> =>
      client.pushManifest(reference, document.bytes, document.descriptor.mediaType, signal);
    try {
      await send();
    } catch (error) {
      if (!isBlobUnknown(error)) throw error;
      // A blob that was there a while ago: the client has forgotten that, so what lacks is sent.
      await feed([{ registry: reference.registry, repository: reference.repository }]);
      await send();
    }
  };
  await all(
    registries.flat().map((repository) => async () => {
      const byDigest = (document: Document): Promise<void> =>
        put({ ...repository, digest: document.descriptor.digest }, document);
      for (const image of imagesOf(content)) await byDigest(image.manifest);
      for (const index of indexesOf(content)) await byDigest(index);
      // One after the other: without the registry's help they are lines of one document.
      for (const { manifest } of content.referrers ?? []) await client.pushReferrer(repository, manifest, signal);
    }),
  );
  const putTag = async (reference: Reference): Promise<void> => {
    try {
      await put(reference, top);
    } catch (error) {
      if (!(options.onImmutableTag && error instanceof VarveError && IMMUTABLE.test(error.message))) throw error;
      options.onImmutableTag(reference, error);
    }
  };
  await all(
    destinations.flatMap(({ registry, repository, tag }) =>
      tag === undefined ? [] : [() => putTag({ registry, repository, tag })],
    ),
  );
}

/** Manifests go to their own endpoint, not to the blobs. */
function isManifest({ descriptor }: ContentBlob, content: ImageContent | IndexContent): boolean {
  const manifests = [...imagesOf(content), ...(content.referrers ?? [])].map((image) => image.manifest);
  const documents = [...indexesOf(content), ...manifests];
  return documents.some((document) => document.descriptor.digest === descriptor.digest);
}

function byRegistry(destinations: readonly Reference[]): Map<string, RepositoryName[]> {
  const result = new Map<string, RepositoryName[]>();
  for (const { registry, repository } of destinations) {
    const known = result.get(registry) ?? [];
    if (!known.some((each) => each.repository === repository)) known.push({ registry, repository });
    result.set(registry, known);
  }
  return result;
}
