import { createHash, type Hash } from 'node:crypto';
import type { BytePath } from '../io/byte-path.ts';
import { digestBytes } from '../oci/digest.ts';
import type { Entry } from '../snapshot/entry.ts';
import { endsFrame, FRAME_MAX_BYTES, FRAME_MIN_BYTES, LARGE_FILE_BYTES, PIECE_BYTES } from './format.ts';
import type { TarPart } from './layer-tar.ts';
import { paddingOf, TRAILER_BYTES } from './tar-block.ts';

/** A run of whole entries; the last one's content may be in frames of its own. */
export interface EntriesFrame {
  readonly kind: 'entries';
  /** Identity of the uncompressed bytes, in hex: known without reading the files. */
  readonly identity: string;
  /** Uncompressed bytes. */
  readonly size: number;
  readonly parts: readonly FramePart[];
}

/** Bytes as they are, or a whole file with its padding. */
export type FramePart = Buffer | { readonly path: BytePath; readonly file: Entry };

/** One large file's content, in pieces that are a frame each; the last has the padding. */
export interface LargeFile {
  readonly kind: 'large';
  readonly path: BytePath;
  readonly file: Entry;
  readonly pieces: readonly Piece[];
}

export interface Piece {
  readonly identity: string;
  /** Where in the file it starts, and its bytes without padding. */
  readonly start: number;
  readonly length: number;
  /** Zeros after it. */
  readonly padding: number;
}

/**
 * Cuts a layer's tar stream into frames by a rule that depends on the parts only (docs/layers.md). The end-of-archive
 * blocks are in the last frame.
 */
export function* planFrames(parts: Iterable<TarPart>): Generator<EntriesFrame | LargeFile> {
  let frame = new FrameBuilder();
  for (const { path, header, file } of parts) {
    const isLarge = file !== undefined && file.size > LARGE_FILE_BYTES;
    const size = header.length + (file && !isLarge ? file.size + paddingOf(file.size) : 0);
    if (frame.size > 0 && frame.size + size > FRAME_MAX_BYTES) {
      yield frame.finish();
      frame = new FrameBuilder();
    }
    frame.addBytes(header);
    if (file && !isLarge) frame.addFile(path, file);
    if (!isLarge && (frame.size < FRAME_MIN_BYTES || !endsFrame(path))) continue;
    yield frame.finish();
    frame = new FrameBuilder();
    if (isLarge) yield { kind: 'large', path, file, pieces: cutPieces(path, file) };
  }
  frame.addBytes(Buffer.alloc(TRAILER_BYTES));
  yield frame.finish();
}

class FrameBuilder {
  size = 0;
  private readonly parts: FramePart[] = [];
  private readonly hash: Hash = createHash('sha256').update('entries\0');

  addBytes(bytes: Buffer): void {
    this.hash.update(lengthFrame(0, bytes.length)).update(bytes);
    this.parts.push(bytes);
    this.size += bytes.length;
  }

  addFile(path: BytePath, file: Entry): void {
    this.hash.update(lengthFrame(1, file.size)).update(digestBytes(digestOfFile(path, file)));
    this.parts.push({ path, file });
    this.size += file.size + paddingOf(file.size);
  }

  finish(): EntriesFrame {
    return { kind: 'entries', identity: this.hash.digest('hex'), size: this.size, parts: this.parts };
  }
}

function cutPieces(path: BytePath, file: Entry): Piece[] {
  const pieces: Piece[] = [];
  const digest = digestBytes(digestOfFile(path, file));
  for (let start = 0; start < file.size; start += PIECE_BYTES) {
    const length = Math.min(PIECE_BYTES, file.size - start);
    const padding = start + length === file.size ? paddingOf(file.size) : 0;
    const hash = createHash('sha256').update('piece\0').update(digest);
    const identity = hash
      .update(lengthFrame(2, start))
      .update(lengthFrame(3, length + padding))
      .digest('hex');
    pieces.push({ identity, start, length, padding });
  }
  return pieces;
}

/** The digest that every file of a tree has. */
export function digestOfFile(path: BytePath, file: Entry): NonNullable<Entry['digest']> {
  if (file.digest === undefined) throw new Error(`no digest for ${path}`);
  return file.digest;
}

function lengthFrame(tag: number, length: number): Buffer {
  const bytes = Buffer.alloc(9);
  bytes[0] = tag;
  bytes.writeBigUInt64BE(BigInt(length), 1);
  return bytes;
}
