import type { BytePath } from '../io/byte-path.ts';
import { type Digest, digestHex } from '../oci/digest.ts';
import { ByteReader } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';
import type { FileStat } from './file-stat.ts';

/** What the index knows of one file. */
export interface StatRecord {
  readonly stat: FileStat;
  readonly digest: Digest;
  /** xxh3-128 with the store's seed, of files of 64 KiB and more. */
  readonly quick: Buffer | undefined;
  /** The file was so young when it was looked at that its stat proves nothing (git's "racy" rule). */
  readonly racy: boolean;
  /** It had no extended attributes that belong in an image when it had that stat: a new one changes ctime. */
  readonly bare: boolean;
}

/** One directory of an index: its files by name. */
export type StatRow = Map<BytePath, StatRecord>;

/** First byte of a row; another layout takes another number. */
const VERSION = 1;
const RACY = 0x01;
const HAS_QUICK = 0x02;
const BARE = 0x04;
/** Bytes of an xxh3-128. */
const QUICK_BYTES = 16;

/** docs/store-format.md, "stat". */
export function encodeStatRow(directory: BytePath, row: StatRow): Buffer {
  const writer = new ByteWriter();
  writer.byte(VERSION);
  writer.byteString(directory);
  writer.varint(row.size);
  for (const [name, { stat, digest, quick, racy, bare }] of row) {
    writer.byteString(name);
    writer.byte((racy ? RACY : 0) | (quick ? HAS_QUICK : 0) | (bare ? BARE : 0));
    writer.uint64(stat.dev);
    writer.uint64(stat.ino);
    writer.varint(stat.size);
    writer.time(stat.mtime);
    writer.time(stat.ctime);
    writer.varint(stat.mode);
    writer.varint(stat.uid);
    writer.varint(stat.gid);
    writer.hex(digestHex(digest));
    if (quick) writer.raw(quick);
  }
  return writer.take();
}

/** The directory that a row is of, without reading the row. Undefined for a row of another version. */
export function statRowDirectory(value: Buffer): BytePath | undefined {
  const reader = new ByteReader(value);
  return reader.byte() === VERSION ? reader.byteString() : undefined;
}

/** @throws RangeError when the bytes are not what {@link encodeStatRow} gives */
export function decodeStatRow(value: Buffer): StatRow {
  const reader = new ByteReader(value);
  if (reader.byte() !== VERSION) throw new RangeError('not a stat row of this version');
  reader.byteString();
  const row: StatRow = new Map();
  for (let left = reader.varint(); left > 0; left--) {
    const name = reader.byteString();
    const flags = reader.byte();
    const stat: FileStat = {
      dev: reader.uint64(),
      ino: reader.uint64(),
      size: reader.varint(),
      mtime: reader.time(),
      ctime: reader.time(),
      mode: reader.varint(),
      uid: reader.varint(),
      gid: reader.varint(),
    };
    const digest = `sha256:${reader.hex(32)}` as Digest;
    const quick = flags & HAS_QUICK ? reader.raw(QUICK_BYTES) : undefined;
    row.set(name, { stat, digest, quick, racy: (flags & RACY) !== 0, bare: (flags & BARE) !== 0 });
  }
  if (!reader.done) throw new RangeError('bytes after the last file');
  return row;
}
