import { closeSync, fstatSync, openSync, writeSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

/** A header larger than this is no package's. */
const BLOB_LIMIT_BYTES = 16 * 1024 * 1024;

/**
 * The header blobs of rpmdb.sqlite, read page by page. The database is the image's, so only a plain table is read (a view
 * could be a query without end), a bounded number of rows, and no oversized value; each of its pages is looked at once
 * first, because pages in a circle could be a table without end.
 * @param file is changed
 * @throws Error from SQLite for what it cannot read
 */
export function* rpmSqliteHeaders(file: string, limit: number): Generator<Buffer> {
  leaveWal(file);
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    database.exec('PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA query_only = ON');
    const check = Object.values(database.prepare('PRAGMA quick_check(1)').get() ?? {})[0];
    if (check !== 'ok') throw new Error(`it is damaged: ${String(check).replace(/\s+/g, ' ').slice(0, 200)}`);
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

/** rpm's databases are in WAL mode, which needs files beside it: bytes 18 and 19 say so. @see https://www.sqlite.org/fileformat.html */
function leaveWal(file: string): void {
  const fd = openSync(file, 'r+');
  try {
    if (fstatSync(fd).size > 19) writeSync(fd, Buffer.from([1, 1]), 0, 2, 18);
  } finally {
    closeSync(fd);
  }
}
