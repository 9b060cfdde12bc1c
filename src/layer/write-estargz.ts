import { createHash } from 'node:crypto';
import { availableParallelism } from 'node:os';
import type { BlobStore } from '../cas/blob-store.ts';
import type { BytePath } from '../io/byte-path.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { type Digest, digestFromBytes, digestOf } from '../oci/digest.ts';
import { OCI_LAYER_GZIP } from '../oci/media-types.ts';
import type { ContentSource, Entry, LayerItem } from '../snapshot/entry.ts';
import { createCompressor } from './compressor.ts';
import {
  LANDMARK_CONTENT,
  NO_PREFETCH_LANDMARK,
  PREFETCH_LANDMARK,
  TOC_DIGEST_ANNOTATION,
  TOC_NAME,
  type TocEntry,
  tocEntry,
  tocFooter,
  UNCOMPRESSED_SIZE_ANNOTATION,
} from './estargz-toc.ts';
import { FRAME_MAX_BYTES, PIECE_BYTES } from './format.ts';
import { layerParts, WHITEOUT } from './layer-tar.ts';
import { contentChanged, openPieces, readWhole } from './read-content.ts';
import { paddingOf, TRAILER_BYTES } from './tar-block.ts';
import { tarHeader } from './tar-header.ts';

export interface EstargzOptions {
  /** Of gzip. */
  readonly level: number;
  readonly blobs: BlobStore;
  content(path: BytePath, entry: Entry): Promise<ContentSource>;
  readonly signal?: AbortSignal;
}

/** A gzip member before it is compressed; its offset is known when those before it are written. */
interface Member {
  readonly packed: Promise<Buffer>;
  readonly plain: Buffer;
  /** The line whose payload starts it. */
  readonly toc?: TocEntry;
}

const RESERVED: readonly BytePath[] = [TOC_NAME, NO_PREFETCH_LANDMARK, PREFETCH_LANDMARK];
const LANDMARK: Entry = { type: 'file', mode: 0, uid: 0, gid: 0, mtime: 0n, size: LANDMARK_CONTENT.length };

/**
 * Writes a layer as an eStargz: an ordinary gzip layer in which every payload, in chunks of 4 MiB, starts a member, with
 * a table of contents at the end. What an eStargz that was unpacked left of its own is left out.
 * @throws VarveError as assembleLayer(); `LAYER_ENTRY_UNSUPPORTED` for names that are no UTF-8
 * @see https://github.com/containerd/stargz-snapshotter/blob/v0.16.3/docs/estargz.md
 */
export async function writeEstargz(
  items: readonly LayerItem[],
  { level, blobs, content, signal }: EstargzOptions,
): Promise<{ readonly descriptor: Descriptor; readonly diffId: Digest }> {
  const compressor = createCompressor({ compression: 'gzip', level });
  const limit = availableParallelism() + 1;
  const diff = createHash('sha256');
  const toc: TocEntry[] = [];
  const writer = await blobs.writer();
  const queue: Member[] = [];
  let [offset, uncompressed] = [0, 0];
  let [pending, pendingBytes]: [Buffer[], number] = [[], 0];
  let starts: TocEntry | undefined;

  const writeNext = async (): Promise<void> => {
    const member = queue.shift();
    if (!member) return;
    const packed = await member.packed;
    if (member.toc) member.toc.offset = offset;
    diff.update(member.plain);
    await writer.write(packed);
    offset += packed.length;
    uncompressed += member.plain.length;
  };
  /** Ends the member; the next one starts with a payload, or with more headers. */
  const cut = async (next?: TocEntry): Promise<void> => {
    signal?.throwIfAborted();
    if (pendingBytes > 0) {
      const plain = Buffer.concat(pending);
      const packed = compressor.compress(plain);
      packed.catch(() => {}); // It is awaited in its turn, or the layer has failed.
      queue.push({ packed, plain, ...(starts ? { toc: starts } : {}) });
      if (queue.length >= limit) await writeNext();
    }
    [pending, pendingBytes, starts] = [[], 0, next];
  };
  const add = (bytes: Buffer): void => {
    pending.push(bytes);
    pendingBytes += bytes.length;
  };
  const addFile = async (path: BytePath, file: Entry, line: TocEntry, chunks: AsyncIterable<Buffer>): Promise<void> => {
    let start = 0;
    for await (const chunk of chunks) {
      const isFull = chunk.length === PIECE_BYTES;
      const own = start === 0 ? line : { name: line.name, type: 'chunk' as const };
      if (start > 0) toc.push(Object.assign(own, { chunkOffset: start }));
      Object.assign(own, { ...(isFull ? { chunkSize: chunk.length } : {}), chunkDigest: digestOf(chunk) });
      await cut(own);
      add(chunk);
      start += chunk.length;
    }
    if (start !== file.size) throw contentChanged(path, `${start} bytes where there were ${file.size}`);
    add(Buffer.alloc(paddingOf(file.size)));
  };

  try {
    const landmark = tocEntry(NO_PREFETCH_LANDMARK, { ...LANDMARK, digest: digestOf(LANDMARK_CONTENT) });
    add(tarHeader(NO_PREFETCH_LANDMARK, LANDMARK));
    toc.push(landmark);
    await addFile(NO_PREFETCH_LANDMARK, LANDMARK, landmark, once(LANDMARK_CONTENT));
    for (const { line, path, header, file } of lines(items.filter(({ path }) => !RESERVED.includes(path)))) {
      if (pendingBytes > FRAME_MAX_BYTES) await cut();
      add(header);
      toc.push(line);
      if (file) await addFile(path, file, line, chunksOf(path, file, content));
    }
    await cut();
    while (queue.length > 0) await writeNext();
    const json = Buffer.from(JSON.stringify({ version: 1, entries: toc }));
    const tocOffset = offset;
    add(tarHeader(TOC_NAME, { type: 'file', mode: 0, uid: 0, gid: 0, mtime: 0n, size: json.length }));
    add(json);
    add(Buffer.alloc(paddingOf(json.length) + TRAILER_BYTES));
    await cut();
    while (queue.length > 0) await writeNext();
    await writer.write(tocFooter(tocOffset));
    const { digest, size } = await writer.commit();
    const annotations = {
      [TOC_DIGEST_ANNOTATION]: digestOf(json),
      [UNCOMPRESSED_SIZE_ANNOTATION]: String(uncompressed),
    };
    return {
      descriptor: { mediaType: OCI_LAYER_GZIP, digest, size, annotations },
      diffId: digestFromBytes(diff.digest()),
    };
  } catch (error) {
    await Promise.allSettled(queue.map(({ packed }) => packed));
    await writer.abort();
    throw error;
  }
}

/** The tar parts, each with its line of the table. */
function* lines(items: readonly LayerItem[]) {
  const first = new Map<string, BytePath>();
  let i = 0;
  for (const part of layerParts(items)) {
    const item = items[i++]!;
    const entry = item.kind === 'entry' ? item.entry : WHITEOUT;
    const id = entry.type === 'dir' ? undefined : entry.hardlink;
    const linkTo = id === undefined ? undefined : first.get(id);
    if (id !== undefined && linkTo === undefined) first.set(id, part.path);
    yield { ...part, line: tocEntry(part.path, entry, linkTo) };
  }
}

async function* once(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}

/** A file's payload, checked against its digest. */
async function* chunksOf(path: BytePath, file: Entry, content: EstargzOptions['content']): AsyncGenerator<Buffer> {
  const source = await content(path, file);
  if (file.size <= PIECE_BYTES) {
    const bytes = Buffer.allocUnsafe(file.size);
    readWhole(source, path, file, bytes, 0);
    yield bytes;
    return;
  }
  const reader = await openPieces(source, path, file);
  try {
    const hash = createHash('sha256');
    for (let start = 0; start < file.size; start += PIECE_BYTES) {
      const bytes = Buffer.allocUnsafe(Math.min(PIECE_BYTES, file.size - start));
      await reader.read(bytes);
      hash.update(bytes);
      yield bytes;
    }
    if (digestFromBytes(hash.digest()) !== file.digest) throw contentChanged(path, 'other content');
  } finally {
    await reader.close();
  }
}
