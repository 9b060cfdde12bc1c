import type { Readable } from 'node:stream';
import type { Descriptor } from '../oci/descriptor.ts';
import { OCI_MANIFEST } from '../oci/media-types.ts';
import type { RegistryClient, RepositoryName } from './registry-client.ts';
import { refusalOf } from './registry-error.ts';

export type BlobName = Pick<Descriptor, 'digest' | 'size'>;

/** A place that keeps records: manifests by tag, and their blobs. */
export interface RecordStore {
  /** As people name it. */
  readonly name: string;
  /** Where blobs can be pulled and mounted from; undefined for a directory. */
  readonly repository?: RepositoryName;
  /** A manifest's bytes, or undefined when the tag is not there. */
  manifest(tag: string, signal: AbortSignal): Promise<Buffer | undefined>;
  /** All tags; undefined where there are too many to be listed at once. */
  tags(signal: AbortSignal): Promise<readonly string[] | undefined>;
  /** Whether the blob is there with its size; its bytes are not read. */
  hasBlob(blob: BlobName, signal: AbortSignal): Promise<boolean>;
  /** The stream fails when digest or size differ. */
  blob(blob: BlobName, signal: AbortSignal): Promise<Readable>;
  /** Makes a blob be there; `from` is a repository that has it. */
  putBlob(
    blob: BlobName & { readonly from?: RepositoryName },
    open: () => Readable,
    signal: AbortSignal,
  ): Promise<void>;
  putManifest(tag: string, bytes: Buffer, signal: AbortSignal): Promise<void>;
}

/** @param tagPrefix keeps several caches of one repository apart */
export function registryRecordStore(
  client: RegistryClient,
  repository: RepositoryName,
  tagPrefix: string,
): RecordStore {
  const { registry, repository: path } = repository;
  const named = (tag: string) => ({ registry, repository: path, tag: `${tagPrefix}${tag}` });
  return {
    name: `${registry}/${path}${tagPrefix === '' ? '' : `:${tagPrefix.replace(/-$/, '')}`}`,
    repository,
    async manifest(tag, signal) {
      try {
        return (await client.manifest(named(tag), signal)).bytes;
      } catch (error) {
        if (refusalOf(error)?.status === 404) return undefined;
        throw error;
      }
    },
    async tags(signal) {
      const { names, isWhole } = await client.tags(repository, signal);
      if (!isWhole) return undefined;
      return names.filter((name) => name.startsWith(tagPrefix)).map((name) => name.slice(tagPrefix.length));
    },
    async hasBlob({ digest, size }, signal) {
      const found = await client.headBlob(repository, digest, signal);
      return found !== undefined && (found.size === undefined || found.size === size);
    },
    blob: (blob, signal) => client.blob(repository, blob, signal),
    async putBlob({ digest, size, from }, open, signal) {
      await client.pushBlob(repository, { digest, size, ...(from ? { from } : {}) }, open, signal);
    },
    putManifest: (tag, bytes, signal) => client.pushManifest(named(tag), bytes, OCI_MANIFEST, signal),
  };
}
