import { DatabaseSync } from 'node:sqlite';

const STRINGS = { name: 1000, version: 1001, release: 1002, license: 1014, arch: 1022 } as const;
const EPOCH = 1003;

/** A header blob as rpm's database has them. */
export function rpmHeader(fields: Partial<Record<keyof typeof STRINGS, string>> & { readonly epoch?: number }): Buffer {
  const entries: { tag: number; type: number; data: Buffer }[] = [];
  for (const [key, tag] of Object.entries(STRINGS)) {
    const value = fields[key as keyof typeof STRINGS];
    if (value !== undefined) entries.push({ tag, type: 6, data: Buffer.from(`${value}\0`) });
  }
  if (fields.epoch !== undefined) {
    const data = Buffer.alloc(4);
    data.writeUInt32BE(fields.epoch);
    entries.push({ tag: EPOCH, type: 4, data });
  }
  const data = Buffer.concat(entries.map((entry) => entry.data));
  const head = Buffer.alloc(8 + 16 * entries.length);
  head.writeUInt32BE(entries.length, 0);
  head.writeUInt32BE(data.length, 4);
  let offset = 0;
  for (const [i, entry] of entries.entries()) {
    for (const [j, word] of [entry.tag, entry.type, offset, 1].entries()) head.writeUInt32BE(word, 8 + 16 * i + 4 * j);
    offset += entry.data.length;
  }
  return Buffer.concat([head, data]);
}

/** rpmdb.sqlite, marked as in WAL mode, which rpm leaves it in. */
export function rpmSqlite(
  headers: readonly Buffer[],
  create = "CREATE TABLE 'Packages' (hnum INTEGER PRIMARY KEY AUTOINCREMENT,blob BLOB NOT NULL)",
): Buffer {
  const database = new DatabaseSync(':memory:');
  database.exec(create);
  for (const header of headers) database.prepare('INSERT INTO Packages (blob) VALUES (?)').run(header);
  const bytes = Buffer.from(database.serialize());
  database.close();
  return bytes.fill(2, 18, 20);
}

/** Packages.db of rpm's own format: one page of slots, then the blobs. */
export function rpmNdb(headers: readonly Buffer[]): Buffer {
  const slots = Buffer.alloc(4096);
  slots.write('RpmP', 'latin1');
  slots.writeUInt32LE(1, 12);
  for (let at = 32; at < slots.length; at += 16) slots.write('Slot', at, 'latin1');
  const blobs: Buffer[] = [];
  let block = slots.length / 16;
  for (const [i, header] of headers.entries()) {
    const size = Math.ceil((16 + header.length) / 16) * 16;
    const blob = Buffer.alloc(size);
    blob.write('BlbS', 'latin1');
    blob.writeUInt32LE(i + 1, 4);
    blob.writeUInt32LE(header.length, 12);
    header.copy(blob, 16);
    blobs.push(blob);
    for (const [j, word] of [i + 1, block, size / 16].entries()) slots.writeUInt32LE(word, 32 + 16 * i + 4 + 4 * j);
    block += size / 16;
  }
  return Buffer.concat([slots, ...blobs]);
}
