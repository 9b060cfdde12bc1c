import type { Readable } from 'node:stream';
import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import type { Reference } from '../oci/reference.ts';
import type { Document } from './image-content.ts';

export interface FetchedManifest {
  readonly descriptor: Descriptor;
  readonly bytes: Buffer;
}

/** `registry` and `repository` of a {@link Reference}. */
export type RepositoryName = Pick<Reference, 'registry' | 'repository'>;

/**
 * An OCI distribution client. Every byte that comes back was checked against its digest.
 * @throws VarveError `REGISTRY_*` from every method, with the registry's own code and message
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md
 */
export interface RegistryClient {
  /** A manifest or index, by digest or tag. */
  manifest(reference: Reference, signal?: AbortSignal): Promise<FetchedManifest>;
  /** Its descriptor only (HEAD); undefined when there is none. */
  headManifest(reference: Reference, signal?: AbortSignal): Promise<Descriptor | undefined>;
  /** Streams a blob; the stream fails when digest or size differ. One that the registry lacks is read from its `urls`. */
  blob(
    repository: RepositoryName,
    descriptor: Pick<Descriptor, 'digest' | 'size' | 'urls'>,
    signal?: AbortSignal,
  ): Promise<Readable>;
  hasBlob(repository: RepositoryName, digest: Digest, signal?: AbortSignal): Promise<boolean>;
  /** What the registry says of a blob (HEAD); undefined when it is not there. */
  headBlob(
    repository: RepositoryName,
    digest: Digest,
    signal?: AbortSignal,
  ): Promise<{ readonly size?: number } | undefined>;
  /**
   * Makes a blob be there: HEAD, then a cross-repository mount when `from` names another repository of the same
   * registry, then an upload. `open` may be called more than once (retries), and what it gives
   * is taken over, memory and all; it is not called when nothing is sent.
   */
  pushBlob(
    repository: RepositoryName,
    blob: { readonly digest: Digest; readonly size: number; readonly from?: RepositoryName },
    open: () => Readable,
    signal?: AbortSignal,
  ): Promise<'exists' | 'mounted' | 'uploaded'>;
  pushManifest(reference: Reference, bytes: Buffer, mediaType: string, signal?: AbortSignal): Promise<void>;
  /** Descriptors of the manifests that have this one as their subject, as the registry says. */
  referrers(repository: RepositoryName, subject: Digest, signal?: AbortSignal): Promise<readonly Descriptor[]>;
  /** A manifest that has a subject, by its digest; listed under the subject's tag where the registry keeps no track of it. */
  pushReferrer(repository: RepositoryName, document: Document, signal?: AbortSignal): Promise<void>;
  /**
   * Finds out whether we may push: opens an upload and cancels it.
   * @throws VarveError `REGISTRY_DENIED`, `REGISTRY_AUTH` and other `REGISTRY_*`
   */
  checkPush(repository: RepositoryName, signal?: AbortSignal): Promise<void>;
  /** Asks the registry whether it takes our credentials. @throws VarveError `REGISTRY_AUTH` when it doesn't */
  ping(registry: string, signal?: AbortSignal): Promise<void>;
  /** A repository's tags, or the first of them; none of one that is not there. */
  tags(
    repository: RepositoryName,
    signal?: AbortSignal,
  ): Promise<{ readonly names: readonly string[]; readonly isWhole: boolean }>;
  close(): Promise<void>;
}
