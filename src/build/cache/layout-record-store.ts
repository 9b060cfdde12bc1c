import { createReadStream, existsSync, mkdirSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline as pipe, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { tryFileLock } from '../../cas/file-lock.ts';
import { loadKernelCalls } from '../../cas/kernel-calls.ts';
import { createFile, replaceFile } from '../../io/atomic-file.ts';
import { fromText } from '../../io/byte-path.ts';
import { digestOf } from '../../oci/digest.ts';
import { OCI_MANIFEST } from '../../oci/media-types.ts';
import {
  blobName,
  emptyLayoutIndex,
  encodeIndex,
  LAYOUT_FILE,
  layoutIndexSchema,
  REF_NAME,
  withImage,
} from '../../registry/oci-layout.ts';
import type { BlobName, RecordStore } from '../../registry/record-store.ts';
import { verifyBlob } from '../../registry/verify-blob.ts';
import { fileSink, writeBeside } from '../../registry/write-beside.ts';

/** How often the index's lock is asked for again, in ms. */
const LOCK_POLL_MS = 10;

/** Records in an OCI image layout; any number of processes may write to it at once. It is made with the first write. */
export function layoutRecordStore(path: string): RecordStore {
  const index = async () => {
    const text = await ifThere(readFile(join(path, 'index.json'), 'utf8'));
    return text === undefined ? emptyLayoutIndex : layoutIndexSchema.parse(JSON.parse(text));
  };
  const fileOf = ({ digest }: Pick<BlobName, 'digest'>): string => join(path, blobName(digest));

  const put = async (blob: BlobName, open: () => Readable): Promise<void> => {
    mkdirSync(join(path, 'blobs/sha256'), { recursive: true });
    if (!existsSync(join(path, 'oci-layout'))) await createFile(join(path, 'oci-layout'), LAYOUT_FILE);
    if ((await sizeOf(fileOf(blob))) === blob.size) return;
    await writeBeside(fromText(fileOf(blob)), (file) => pipeline(open(), verifyBlob(blob, path), fileSink(file)));
  };

  return {
    name: path,
    async manifest(tag) {
      const found = (await index()).manifests.find(({ annotations }) => annotations?.[REF_NAME] === tag);
      if (!found) return undefined;
      const bytes = await ifThere(readFile(fileOf(found)));
      return bytes && digestOf(bytes) === found.digest ? bytes : undefined;
    },
    async tags() {
      return (await index()).manifests.flatMap(({ annotations }) => annotations?.[REF_NAME] ?? []);
    },
    async hasBlob(blob) {
      return (await sizeOf(fileOf(blob))) === blob.size;
    },
    async blob(blob) {
      const verified = verifyBlob(blob, path);
      // What fails reaches the reader through `verified`.
      pipe(createReadStream(fileOf(blob)), verified, () => {});
      return verified;
    },
    putBlob: put,
    async putManifest(tag, bytes, signal) {
      const descriptor = { mediaType: OCI_MANIFEST, digest: digestOf(bytes), size: bytes.length };
      await put(descriptor, () => Readable.from([bytes], { objectMode: false }));
      const kernel = loadKernelCalls();
      let lock = tryFileLock(join(path, 'index.json.lock'), kernel);
      while (!lock) {
        await sleep(LOCK_POLL_MS, undefined, { signal });
        lock = tryFileLock(join(path, 'index.json.lock'), kernel);
      }
      try {
        await replaceFile(join(path, 'index.json'), encodeIndex(withImage(await index(), descriptor, [tag])));
      } finally {
        lock.release();
      }
    },
  };
}

async function sizeOf(path: string): Promise<number | undefined> {
  return (await ifThere(stat(path)))?.size;
}

async function ifThere<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
