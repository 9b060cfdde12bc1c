import { createHash, type Hash } from 'node:crypto';
import type { BytePath } from '../io/byte-path.ts';
import type { ContentSource, Entry } from '../snapshot/entry.ts';
import type { CachedFrame } from './frame-cache.ts';
import type { FramePacker, PackedFrame } from './frame-packer.ts';
import { digestOfFile, type EntriesFrame, type LargeFile, type Piece } from './frame-plan.ts';
import { contentChanged, openPieces, type PieceReader, readWhole } from './read-content.ts';
import { paddingOf } from './tar-block.ts';

/** Starts a frame that was read; what it returns comes when the frame is compressed. */
export type StartFrame = () => Promise<PackedFrame>;

/** Turns planned frames into packed ones, reading files only for frames that are not known. */
export interface FrameReader {
  /** Each frame is read when it is asked for, so that files are read in order and memory is bounded by the caller. */
  frames(planned: EntriesFrame | LargeFile): AsyncGenerator<StartFrame>;
}

export function createFrameReader(options: {
  readonly packer: FramePacker;
  content(path: BytePath, entry: Entry): Promise<ContentSource>;
}): FrameReader {
  const { packer } = options;

  async function readEntries(frame: EntriesFrame): Promise<Buffer> {
    const plain = Buffer.allocUnsafe(frame.size);
    let offset = 0;
    for (const part of frame.parts) {
      if (Buffer.isBuffer(part)) {
        offset += part.copy(plain, offset);
        continue;
      }
      const { path, file } = part;
      readWhole(await options.content(path, file), path, file, plain, offset);
      offset += file.size;
      plain.fill(0, offset, offset + paddingOf(file.size));
      offset += paddingOf(file.size);
    }
    return plain;
  }

  /** One piece whose cached frame was not there after all; the whole file is read, for its digest. */
  async function readPiece(large: LargeFile, wanted: Piece): Promise<Buffer> {
    let found: Buffer | undefined;
    for await (const [piece, plain] of readPieces(large)) if (piece === wanted) found = plain;
    return found!;
  }

  async function* readPieces(large: LargeFile): AsyncGenerator<readonly [Piece, Buffer]> {
    const { path, file, pieces } = large;
    const source = await openPieces(await options.content(path, file), path, file);
    try {
      const digest = createHash('sha256');
      for (const piece of pieces) yield [piece, await nextPiece(source, piece, digest)];
      if (`sha256:${digest.digest('hex')}` !== digestOfFile(path, file)) throw contentChanged(path, 'other content');
    } finally {
      await source.close();
    }
  }

  async function* largeFrames(large: LargeFile): AsyncGenerator<StartFrame> {
    const { pieces } = large;
    const known: CachedFrame[] = [];
    for (const { identity } of pieces) {
      const cached = await packer.find(identity);
      if (!cached) break;
      known.push(cached);
    }
    // The file's digest covers all of it: unless every piece is known, all of it is read.
    let next = 0;
    if (known.length === pieces.length) {
      for (const piece of pieces) {
        if (!(await packer.find(piece.identity))) break; // Its blob was found damaged meanwhile.
        const cached = known[next++]!;
        yield () => packer.reuse(piece.identity, cached, () => readPiece(large, piece));
      }
    }
    if (next === pieces.length) return;
    for await (const [piece, plain] of readPieces(large)) {
      if (piece.start < (pieces[next]?.start ?? 0)) continue;
      const cached = await packer.find(piece.identity);
      yield cached
        ? () => packer.reuse(piece.identity, cached, async () => plain)
        : () => packer.compress(piece.identity, plain);
    }
  }

  return {
    async *frames(planned) {
      if (planned.kind === 'large') {
        yield* largeFrames(planned);
        return;
      }
      const cached = await packer.find(planned.identity);
      if (cached) {
        yield () => packer.reuse(planned.identity, cached, () => readEntries(planned));
        return;
      }
      const plain = await readEntries(planned);
      yield () => packer.compress(planned.identity, plain);
    },
  };
}

async function nextPiece(source: PieceReader, piece: Piece, digest: Hash): Promise<Buffer> {
  const plain = Buffer.allocUnsafe(piece.length + piece.padding);
  const content = plain.subarray(0, piece.length);
  await source.read(content);
  digest.update(content);
  plain.fill(0, piece.length);
  return plain;
}
