import type { BlobStore } from '../../../cas/blob-store.ts';
import { assembleLayer } from '../../../layer/assemble-layer.ts';
import { type Digest, digestHex, digestOf } from '../../../oci/digest.ts';
import { CHANGES_TYPE, PACK_LIST_TYPE } from '../../../registry/cache-record.ts';
import type { RecordStore } from '../../../registry/record-store.ts';
import { encodeChanges } from '../../../snapshot/changes-codec.ts';
import type { LayerItem } from '../../../snapshot/entry.ts';
import type { Within } from '../../cache/deadlines.ts';
import type { RecordWriter } from '../../cache/record-writer.ts';
import { mountTag } from '../../cache/remote-records.ts';
import { MOUNT_FORMAT, type MountRecords, mountKey, type SavedMount } from './mount-records.ts';
import { type MountSnapshot, onDisk } from './mount-snapshot.ts';
import { encodePackList, type Pack, planPacks } from './pack-list.ts';

export interface SaveDeps {
  readonly place: RecordStore;
  readonly records: MountRecords;
  readonly writer: RecordWriter;
  readonly blobs: BlobStore;
  readonly within: Within;
  readonly now: () => number;
  readonly signal: AbortSignal;
}

/** A mount's snapshot with what the place has not of it, as packs in the store. */
export interface PackedMount {
  readonly snapshot: MountSnapshot;
  readonly kept: readonly Pack[];
  readonly fresh: readonly Pack[];
}

/** The packs of what was saved that the place still has; none of what cannot be read. */
export async function usablePacks(
  saved: SavedMount | undefined,
  { records, place, within, signal }: SaveDeps,
): Promise<Pack[]> {
  if (!saved) return [];
  const packs = await records.packs(saved).catch(() => {
    signal.throwIfAborted();
    return [];
  });
  const there = await Promise.all(packs.map(({ blob }) => place.hasBlob(blob, within(0))));
  return packs.filter((_, i) => there[i]);
}

/**
 * Packs what is new. Nobody may write to the mount meanwhile.
 * @param data the mount's directory, absolute
 */
export async function packMount(
  data: string,
  snapshot: MountSnapshot,
  old: readonly Pack[],
  { blobs, signal }: Pick<SaveDeps, 'blobs' | 'signal'>,
): Promise<PackedMount> {
  const wanted = new Map([...snapshot.contents].map(([digest, { size }]) => [digest, size] as const));
  const { kept, fresh } = planPacks(old, wanted);
  const packs: Pack[] = [];
  for (const contents of fresh) {
    const items = [...contents].map(([digest, size]) => contentItem(digest, size)).sort(byPath);
    const { descriptor } = await assembleLayer(items, {
      compression: 'zstd',
      blobs,
      signal,
      content: async (_, { digest }) => ({ path: onDisk(data, snapshot.contents.get(digest!)!.path) }),
    });
    packs.push({ blob: descriptor, contents });
  }
  return { snapshot, kept, fresh: packs };
}

/** Sends what is new, and then the record that names all. */
export async function sendMount(
  identity: string,
  branch: string,
  { snapshot, kept, fresh }: PackedMount,
  { place, writer, blobs, within, now }: SaveDeps,
): Promise<void> {
  for (const { blob } of fresh)
    await place.putBlob({ digest: blob.digest, size: blob.size }, () => blobs.open(blob.digest), within(blob.size));
  const packs = [...kept, ...fresh];
  const files = await encodeChanges(snapshot.items);
  const list = await encodePackList(packs);
  const blobOf = (mediaType: string, bytes: Buffer) => ({ mediaType, digest: digestOf(bytes), size: bytes.length });
  const filesBlob = blobOf(CHANGES_TYPE, files);
  const listBlob = blobOf(PACK_LIST_TYPE, list);
  await writer.putBytes(filesBlob, files);
  await writer.putBytes(listBlob, list);
  const key = mountKey(identity, branch);
  const { exact, content } = snapshot.tree;
  await writer.putRecord(
    {
      kind: 'mount',
      format: MOUNT_FORMAT,
      keys: [key],
      created: new Date(now()).toISOString(),
      tree: { exact, content },
      files: filesBlob,
      packList: listBlob,
      packs: packs.map(({ blob: { mediaType, digest, size } }) => ({ mediaType, digest, size })),
    },
    [mountTag(key)],
  );
}

type EntryItem = Extract<LayerItem, { kind: 'entry' }>;

/** A pack says nothing of its contents but their bytes: the same contents are the same pack. */
function contentItem(digest: Digest, size: number): EntryItem {
  const entry = { type: 'file', mode: 0o600, uid: 0, gid: 0, mtime: 0n, size, digest } as const;
  return { kind: 'entry', path: digestHex(digest), entry };
}

function byPath(a: EntryItem, b: EntryItem): number {
  return a.path < b.path ? -1 : 1;
}
