import { createHash, hash } from 'node:crypto';
import { VarveError } from '../errors.ts';
import { type BytePath, fromText } from '../io/byte-path.ts';
import type { Libc } from '../io/libc.ts';
import { type Digest, digestFromBytes } from '../oci/digest.ts';
import { layerCompression } from '../oci/media-types.ts';
import type { LayerItem } from '../snapshot/entry.ts';
import { createDiskWriter } from './disk-writer.ts';
import { createEntryTree, type Inode, treeItems } from './entry-tree.ts';
import { openLayer } from './layer-source.ts';
import { createTarReader, type TarReader } from './tar-reader.ts';

/** What one layer may make; the defaults stop a bomb before it fills more than any image has. */
export interface UnpackLimits {
  /** Uncompressed bytes of the tar stream; 1 TiB. */
  readonly bytes?: number;
  /** Entries, directories without one included; 10 million. */
  readonly entries?: number;
}

export interface UnpackJob {
  readonly mediaType: string;
  /** What the manifest and the config say. */
  readonly expected: { readonly digest: Digest; readonly size: number; readonly diffId?: Digest };
  /** An absolute path of an empty directory (ordinary text); absent: the layer is only read. */
  readonly dest?: string;
  /** Which overlay xattr marks opaque directories: `user` for mounts in a user namespace. */
  readonly whiteouts: 'trusted' | 'user' | 'none';
  readonly limits?: UnpackLimits;
}

export interface UnpackedLayer {
  readonly diffId: Digest;
  /** Of the compressed bytes. */
  readonly digest: Digest;
  readonly size: number;
  /** Parents first, children in byte order; hard links have the group's first path as id. */
  readonly items: LayerItem[];
  /** Directories that have entries below them and none of their own: made with mode 0755, owner 0:0, mtime 0. */
  readonly implicitDirs: BytePath[];
}

const DEFAULT_LIMITS = { bytes: 2 ** 40, entries: 10_000_000 };

/**
 * Reads and unpacks a layer in one pass on this thread; writes to disk are synchronous (use unpackLayer() elsewhere).
 * After an error `dest` is in any state; nothing outside it was touched.
 * @throws VarveError as unpackLayer()
 */
export async function unpackStream(
  source: AsyncIterable<Uint8Array>,
  job: UnpackJob,
  libc: Libc,
): Promise<UnpackedLayer> {
  const { mediaType, expected } = job;
  if (!layerCompression(mediaType))
    throw new VarveError('LAYER_TYPE', `varve does not read layers of type ${JSON.stringify(mediaType)}`);
  const limits = { ...DEFAULT_LIMITS, ...job.limits };
  const writer =
    job.dest === undefined ? undefined : createDiskWriter({ dest: fromText(job.dest), libc, whiteouts: job.whiteouts });
  const sink = createSink(writer, limits.entries);
  const diff = createHash('sha256');
  const layer = openLayer(source, expected);
  let bytes = 0;
  try {
    for await (const chunk of layer.tar()) {
      bytes += chunk.length;
      if (bytes > limits.bytes) throw tooBig(`more than ${limits.bytes} bytes`, ', or raise --max-layer-size');
      diff.update(chunk);
      sink.reader.push(chunk);
    }
    sink.reader.finish();
    await layer.end();
    const diffId = digestFromBytes(diff.digest());
    if (expected.diffId !== undefined && diffId !== expected.diffId) {
      throw new VarveError(
        'LAYER_MISMATCH',
        `the layer ${expected.digest} unpacks to ${diffId}, not to ${expected.diffId}`,
      );
    }
    writer?.finish(sink.tree.root);
    return { diffId, digest: expected.digest, size: expected.size, ...treeItems(sink.tree.root) };
  } catch (error) {
    writer?.close();
    throw await layer.explain(error);
  } finally {
    await layer.close();
  }
}

/** Takes the tar's entries into a tree and onto the disk. */
function createSink(writer: ReturnType<typeof createDiskWriter> | undefined, maxEntries: number) {
  let entries = 0;
  const count = (): void => {
    if (++entries > maxEntries) throw tooBig(`more than ${maxEntries} entries`);
  };
  const tree = createEntryTree({
    whiteouts: true,
    onImplicitDir(path) {
      count();
      writer?.implicitDir(path);
    },
  });
  let inode: Inode | undefined;
  let digest: Digest | undefined;
  let running: ReturnType<typeof createHash> | undefined;
  const reader: TarReader = createTarReader({
    entry(tar) {
      count();
      const change = tree.add(tar);
      inode = change.kind === 'make' && change.entry.type === 'file' ? change.inode : undefined;
      writer?.apply(change);
      running = undefined;
      digest = undefined;
    },
    data(chunk) {
      if (!inode) return; // What a whiteout or a skipped entry holds.
      if (chunk.length === inode.entry.size) digest = `sha256:${hash('sha256', chunk, 'hex')}` as Digest;
      else {
        running ??= createHash('sha256');
        running.update(chunk);
      }
      writer?.write(chunk);
    },
    end() {
      if (!inode) return;
      const found = digest ?? digestFromBytes((running ?? createHash('sha256')).digest());
      inode.entry = { ...inode.entry, digest: found };
      writer?.endFile();
      inode = undefined;
    },
  });
  return { tree, reader };
}

function tooBig(what: string, remedy = ''): VarveError {
  return new VarveError('LAYER_TOO_BIG', `the layer is refused: it unpacks to ${what}`, {
    hint: `no image is like this by accident: find out where it comes from${remedy}`,
  });
}
