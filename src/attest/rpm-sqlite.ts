import { DatabaseSync } from 'node:sqlite';

/** A header larger than this is no package's. */
const BLOB_LIMIT_BYTES = 16 * 1024 * 1024;

/**
 * The header blobs of rpmdb.sqlite, in memory: no file is made and nothing is written. The database is the image's, so
 * only a plain table is read (a view could be a query without end), a bounded number of rows, and no oversized value.
 * @throws Error from SQLite for what it cannot read
 */
export function* rpmSqliteHeaders(bytes: Buffer, limit: number): Generator<Buffer> {
  const database = new DatabaseSync(':memory:');
  try {
    database.deserialize(withoutWal(bytes));
    database.exec('PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA query_only = ON');
    const table = database.prepare("SELECT type, sql FROM sqlite_schema WHERE name = 'Packages'").get();
    if (table?.type !== 'table' || typeof table.sql !== 'string' || !isPlain(table.sql))
      throw new Error('it has no table Packages');
    const rows = database.prepare('SELECT blob FROM Packages WHERE length(blob) <= ? LIMIT ?');
    for (const { blob } of rows.iterate(BLOB_LIMIT_BYTES, limit))
      if (blob instanceof Uint8Array) yield Buffer.from(blob);
  } finally {
    database.close();
  }
}

/** As rpm makes it: `CREATE TABLE 'Packages' (hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL)`; no column is computed. */
function isPlain(sql: string): boolean {
  return /^CREATE TABLE /i.test(sql) && !/\bAS\b|\bVIRTUAL\b/i.test(sql);
}

/** rpm's databases are in WAL mode, which a database in memory cannot be: bytes 18 and 19 say so. @see https://www.sqlite.org/fileformat.html */
function withoutWal(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  if (copy.length > 19) copy.fill(1, 18, 20);
  return copy;
}
