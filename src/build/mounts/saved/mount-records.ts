import { buffer } from 'node:stream/consumers';
import type { Clock } from '../../../io/clock.ts';
import { type Digest, digestOf } from '../../../oci/digest.ts';
import { decodeRecord, type MountCacheRecord, RecordInvalid } from '../../../registry/cache-record.ts';
import type { RecordSigner } from '../../../registry/record-signer.ts';
import type { RecordStore } from '../../../registry/record-store.ts';
import { LOOKUP_MS, type Within } from '../../cache/deadlines.ts';
import { isYoung, mountTag } from '../../cache/remote-records.ts';
import { decodePackList, type Pack } from './pack-list.ts';

/** The version of a saved mount's blobs, whatever the format of layers is. */
export const MOUNT_FORMAT = 1;

/** Which mount, for the place and for people. */
export interface MountName {
  readonly identity: string;
  readonly id: string;
}

/** What was saved of a mount. */
export interface SavedMount {
  readonly record: MountCacheRecord;
  readonly branch: string;
}

export interface MountRecords {
  /** What was saved under a branch; a record that does not count is a warning, and none. */
  find(mount: MountName, branch: string): Promise<SavedMount | undefined>;
  files(saved: SavedMount): Promise<Buffer>;
  packs(saved: SavedMount): Promise<Pack[]>;
}

export function mountKey(identity: string, branch: string): Digest {
  return digestOf(JSON.stringify(['mount', branch, identity]));
}

export function createMountRecords(deps: {
  readonly place: RecordStore;
  readonly signer: RecordSigner | undefined;
  readonly ttlMs: number | undefined;
  readonly clock: Clock;
  readonly within: Within;
  readonly signal: AbortSignal;
  readonly warn: (text: string) => void;
}): MountRecords {
  const { place, signer, within, signal } = deps;
  const read = async (blob: MountCacheRecord['files']): Promise<Buffer> =>
    buffer(await place.blob(blob, within(blob.size)));
  return {
    async find({ identity, id }, branch) {
      const key = mountKey(identity, branch);
      const bytes = await place.manifest(mountTag(key), AbortSignal.any([signal, AbortSignal.timeout(LOOKUP_MS)]));
      if (!bytes) return undefined;
      try {
        const record = decodeRecord(bytes, { kind: 'mount', key, format: MOUNT_FORMAT }, signer);
        if (record.kind !== 'mount') return undefined;
        return isYoung(record.created, deps.ttlMs, deps.clock) ? { record, branch } : undefined;
      } catch (error) {
        if (!(error instanceof RecordInvalid)) throw error;
        deps.warn(`cache mount ${id}: what branch ${branch} has is not used: ${error.message}`);
        return undefined;
      }
    },
    files: ({ record }) => read(record.files),
    packs: async ({ record }) => decodePackList(await read(record.packList), record.packs),
  };
}
