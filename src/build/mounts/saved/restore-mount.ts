import { constants, copyFileSync, mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import type { TempDirectory } from '../../../cas/store.ts';
import { type BytePath, fromText, joinBytes, toFsPath } from '../../../io/byte-path.ts';
import type { Libc } from '../../../io/libc.ts';
import { createLimiter } from '../../../io/limiter.ts';
import { type UnpackPool, unpackLayer } from '../../../layer/unpack-layer.ts';
import type { UnpackLimits } from '../../../layer/unpack-stream.ts';
import type { Digest } from '../../../oci/digest.ts';
import type { RecordStore } from '../../../registry/record-store.ts';
import { applyLayer } from '../../../snapshot/apply-layer.ts';
import { decodeChanges } from '../../../snapshot/changes-codec.ts';
import type { TreeStore } from '../../../snapshot/tree.ts';
import { treeSource } from '../../../snapshot/tree-source.ts';
import type { Within } from '../../cache/deadlines.ts';
import { materialize } from '../../steps/materialize.ts';
import type { MountRecords, SavedMount } from './mount-records.ts';

/** Packs on their way at once. */
const PACKS_AT_ONCE = 3;

export interface RestoreDeps {
  readonly place: RecordStore;
  readonly records: MountRecords;
  readonly trees: TreeStore;
  readonly libc: Libc;
  readonly pool: UnpackPool;
  readonly limits: UnpackLimits | undefined;
  readonly within: Within;
  readonly signal: AbortSignal;
}

/**
 * Makes a mount's directory of what was saved: every pack's contents are unpacked into `temp`, and moved from there.
 * @param dest where it shall be, on the file system of `temp`; nothing is there yet
 * @throws Error when anything is missing or is not what the record says; `dest` is in any state then
 */
export async function restoreMount(
  saved: SavedMount,
  dest: string,
  temp: Pick<TempDirectory, 'path'>,
  deps: RestoreDeps,
): Promise<void> {
  const { place, trees, libc, pool, within, signal, limits } = deps;
  const tree = await applyLayer(trees, undefined, await decodeChanges(await deps.records.files(saved)));
  if (tree.exact !== saved.record.tree.exact) throw new Error('its files are not those of its record');

  const places = new Map<Digest, BytePath>();
  const limiter = createLimiter(PACKS_AT_ONCE);
  const unpack = async ({ digest, size, mediaType }: SavedMount['record']['packs'][number], i: number) => {
    const directory = join(temp.path, `pack-${i}`);
    mkdirSync(directory);
    const { items } = await unpackLayer({
      source: await place.blob({ digest, size }, within(size)),
      mediaType,
      expected: { digest, size },
      dest: directory,
      whiteouts: 'none',
      ...(limits ? { limits } : {}),
      pool,
      libc,
      signal,
    });
    for (const item of items)
      if (item.kind === 'entry' && item.entry.digest !== undefined)
        places.set(item.entry.digest, joinBytes(fromText(directory), item.path));
  };
  const unpacked = await Promise.allSettled(saved.record.packs.map((pack, i) => limiter.run(() => unpack(pack, i))));
  for (const each of unpacked) if (each.status === 'rejected') throw each.reason;

  const moved = new Set<Digest>();
  const source = treeSource(trees, tree, async (_, { digest }) => {
    const path = digest && places.get(digest);
    if (path === undefined) throw new Error(`no pack has the content ${digest}`);
    return { path };
  });
  await materialize(source, '', dest, {
    libc,
    owners: 'keep',
    // A content that several files have is moved to the first of them.
    copyFile(from, to, { digest }) {
      if (digest === undefined || moved.has(digest)) {
        copyFileSync(toFsPath(from), toFsPath(to), constants.COPYFILE_FICLONE);
        return;
      }
      renameSync(toFsPath(from), toFsPath(to));
      moved.add(digest);
      places.set(digest, to);
    },
  });
}
