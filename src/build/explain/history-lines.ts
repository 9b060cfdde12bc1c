import { crc32, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { digestHex, digestOf } from '../../oci/digest.ts';

/** Lists of lines, such as the files that a COPY takes, in pieces: a list that changed at one place shares the others. */
export interface LineList {
  readonly count: number;
  /** Hex digits that name the pieces' rows. */
  readonly pieces: readonly string[];
}

/** A piece ends after one line in so many, by the line's own checksum; the average length of a piece in lines. */
const PIECE_LINES = 128;
/** In any case. */
const LONGEST_PIECE = 1024;

/** @returns the list, and each piece's row by its name */
export function splitLines(lines: readonly string[]): { list: LineList; rows: ReadonlyMap<string, string> } {
  const rows = new Map<string, string>();
  const pieces: string[] = [];
  let from = 0;
  for (const [i, line] of lines.entries()) {
    const length = i + 1 - from;
    const isEnd = crc32(line) % PIECE_LINES === 0 || length === LONGEST_PIECE || i + 1 === lines.length;
    if (!isEnd) continue;
    const text = lines.slice(from, i + 1).join('\n');
    const name = digestHex(digestOf(text));
    pieces.push(name);
    rows.set(name, text);
    from = i + 1;
  }
  return { list: { count: lines.length, pieces }, rows };
}

export function encodeText(text: string): Buffer {
  return zstdCompressSync(text);
}

/** What encodeText() was given; undefined for other bytes. */
export function readText(row: Buffer | undefined): string | undefined {
  try {
    return row && zstdDecompressSync(row).toString('utf8');
  } catch {
    return undefined;
  }
}
