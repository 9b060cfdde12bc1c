import { crc32 } from 'node:zlib';
import { Level } from 'level';
import { answer, type CatalogEngine, PAGE_BYTES, type Row } from './catalog-engine.ts';

/** The catalog's files hold something that cannot be right. */
export class CatalogDamage extends Error {}

const CRC_BYTES = 4;

/** Of a page; they are read in libuv's pool. 20,000 rows take 150 ms, with 256 for each page 270. */
const ROWS = 2048;

const OPTIONS = {
  keyEncoding: 'utf8',
  valueEncoding: 'buffer',
  // The log is replayed on every open, and until it is, nothing else goes on: see docs/store-format.md for the figures.
  writeBufferSize: 1 << 20,
} as const;

/**
 * The rows in LevelDB, each value followed by a CRC: LevelDB checks none on reads, and a catalog is a cache on a disk
 * that nobody fsyncs. Reads are synchronous, 4 µs; asynchronous ones take 45 µs alone and queue behind compression in
 * libuv's pool.
 * @throws CatalogDamage, or what LevelDB says, here and from every operation
 */
export async function openLevelEngine(path: string): Promise<CatalogEngine> {
  const level = new Level<string, Buffer>(path, OPTIONS);
  await level.open();

  return {
    getMany: async (keys) =>
      answer(keys, (key) => {
        // The type forgets that a missing key gives undefined.
        const stored = level.getSync(key) as Buffer | undefined;
        return stored && unwrap(key, stored);
      }),
    async write(writes) {
      await level.batch(
        writes.map(({ key, value }) => (value ? { type: 'put', key, value: wrap(key, value) } : { type: 'del', key })),
      );
    },
    async page({ from, after, to }) {
      const rows: Row[] = [];
      let bytes = 0;
      const range = {
        ...(after ? { gt: from } : { gte: from }),
        lt: to,
        limit: ROWS,
        highWaterMarkBytes: 1 << 18,
      };
      for await (const [key, stored] of level.iterator(range)) {
        rows.push([key, unwrap(key, stored)]);
        bytes += stored.length;
        if (bytes >= PAGE_BYTES) break;
      }
      return rows;
    },
    isLasting: async () => true,
    close: () => level.close(),
  };
}

function wrap(key: string, value: Buffer): Buffer {
  const stored = Buffer.allocUnsafe(value.length + CRC_BYTES);
  value.copy(stored);
  stored.writeUInt32LE(crc32(value, crc32(key)), value.length);
  return stored;
}

function unwrap(key: string, stored: Buffer): Buffer {
  const size = stored.length - CRC_BYTES;
  const value = stored.subarray(0, Math.max(size, 0));
  if (size < 0 || stored.readUInt32LE(size) !== crc32(value, crc32(key)))
    throw new CatalogDamage(`the row ${key} fails its checksum`);
  return value;
}

/** By LevelDB's words (leveldb/util/status.cc), because getSync() gives no code. */
export function isDamage(error: unknown): boolean {
  if (isLocked(error)) return false;
  return error instanceof CatalogDamage || /^(Corruption|IO error): /.test(messageOf(error));
}

/** Another open LevelDB has the directory's LOCK. */
export function isLocked(error: unknown): boolean {
  return (error as { cause?: { code?: unknown } }).cause?.code === 'LEVEL_LOCKED';
}

/** What LevelDB said: classic-level wraps it when opening fails. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}
