import { buffer } from 'node:stream/consumers';
import { type Digest, digestOf } from '../../oci/digest.ts';
import { BUILDS_TYPE, type BuildsCacheRecord, decodeRecord, RecordInvalid } from '../../registry/cache-record.ts';
import type { RecordSigner } from '../../registry/record-signer.ts';
import type { RecordStore } from '../../registry/record-store.ts';
import { SHARED_BUILDS_BYTES, SHARED_BUILDS_FORMAT } from '../explain/shared-builds.ts';

/** What builds were made of as bytes (src/build/explain/shared-builds.ts). */
export interface BuildList {
  readonly bytes: Buffer;
  /** Hex digits: the key of the marks in it. */
  readonly salt: string;
}

/** @throws RecordInvalid for a list that is too large */
export async function readBuildList(
  store: RecordStore,
  { builds, salt }: BuildsCacheRecord,
  signal: AbortSignal,
): Promise<BuildList> {
  if (builds.size > SHARED_BUILDS_BYTES) throw new RecordInvalid(`its list of builds has ${builds.size} bytes`);
  return { bytes: await buffer(await store.blob(builds, signal)), salt };
}

/** The list that a place has now; undefined for none, and for one that does not count. */
export async function buildListAt(
  store: RecordStore,
  key: Digest,
  { tag, signer, signal }: { readonly tag: string; readonly signer: RecordSigner | undefined; signal: AbortSignal },
): Promise<BuildList | undefined> {
  const bytes = await store.manifest(tag, signal);
  if (!bytes) return undefined;
  try {
    const record = decodeRecord(bytes, { kind: 'builds', key, format: SHARED_BUILDS_FORMAT }, signer);
    return record.kind === 'builds' ? await readBuildList(store, record, signal) : undefined;
  } catch {
    signal.throwIfAborted();
    return undefined; // written anew
  }
}

export function buildsRecord(key: Digest, { bytes, salt }: BuildList, created: string): BuildsCacheRecord {
  const builds = { mediaType: BUILDS_TYPE, digest: digestOf(bytes), size: bytes.length };
  return { kind: 'builds', format: SHARED_BUILDS_FORMAT, keys: [key], created, builds, salt };
}
