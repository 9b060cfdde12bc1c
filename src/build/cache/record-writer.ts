import { Readable } from 'node:stream';
import type { Descriptor } from '../../oci/descriptor.ts';
import {
  type CacheRecord,
  encodeRecord,
  RECORD_CONFIG,
  RECORD_CONFIG_DESCRIPTOR,
} from '../../registry/cache-record.ts';
import type { RecordSigner } from '../../registry/record-signer.ts';
import type { RecordStore } from '../../registry/record-store.ts';
import type { Within } from './deadlines.ts';

/** Puts records and their small blobs into one place. */
export interface RecordWriter {
  putBytes(blob: Descriptor, bytes: Buffer): Promise<void>;
  /** Its blobs have to be there: a manifest that names what is not is refused. */
  putRecord(record: CacheRecord, tags: readonly string[]): Promise<void>;
}

export function createRecordWriter(place: RecordStore, signer: RecordSigner | undefined, within: Within): RecordWriter {
  let config: Promise<void> | undefined;
  const putBytes: RecordWriter['putBytes'] = ({ digest, size }, bytes) =>
    place.putBlob({ digest, size }, () => Readable.from([Buffer.from(bytes)], { objectMode: false }), within(size));
  return {
    putBytes,
    async putRecord(record, tags) {
      config ??= putBytes(RECORD_CONFIG_DESCRIPTOR, RECORD_CONFIG);
      await config;
      const bytes = encodeRecord(record, signer);
      for (const tag of tags) await place.putManifest(tag, bytes, within(bytes.length));
    },
  };
}
