import { readdirSync } from 'node:fs';
import test from 'ava';
import { temporaryDirectory } from '../../../scripts/temporary-directory.ts';
import { listPackages } from '../../../src/attest/package-list.ts';
import { createLargeFiles, FILE_TIME_LIMIT_MS } from '../../../src/build/attest/large-files.ts';
import { rpmHeader, rpmNdb, rpmSqlite } from '../../support/rpm-database.ts';

const SQLITE = 'usr/lib/sysimage/rpm/rpmdb.sqlite';
const PAGE_BYTES = 4096;
const INTERIOR_TABLE = 5;

/** Every interior page has one child over and over: a walk of it takes as good as forever. */
function inCircles(database: Buffer): Buffer {
  const bytes = Buffer.from(database);
  for (let page = 0; page < bytes.length; page += PAGE_BYTES) {
    if (bytes[page] !== INTERIOR_TABLE) continue;
    const cells = Array.from({ length: bytes.readUInt16BE(page + 3) }, (_, i) => bytes.readUInt16BE(page + 12 + 2 * i));
    for (const cell of cells) bytes.writeUInt32BE(bytes.readUInt32BE(page + cells[0]!), page + cell);
  }
  return bytes;
}

async function files(t: import('ava').ExecutionContext, timeLimitMs = FILE_TIME_LIMIT_MS) {
  const temp = temporaryDirectory('varve-large');
  t.teardown(() => temp[Symbol.dispose]());
  const store = { makeTemp: async () => ({ path: temp.path, remove: async () => {}, release: async () => {} }) };
  const large = await createLargeFiles(store, new AbortController().signal, timeLimitMs);
  t.teardown(() => large[Symbol.asyncDispose]());
  const read = (path: string, bytes: Buffer) => {
    const reader = large.open(path);
    for (let at = 0; at < bytes.length; at += 5000) reader.push(bytes.subarray(at, at + 5000));
    return reader.end();
  };
  return { read, left: () => readdirSync(temp.path) };
}

test('databases are read by a thread; one that is no real one is told of, and its file goes too', async (t) => {
  const { read, left } = await files(t);
  const headers = Array.from({ length: 400 }, (_, i) => rpmHeader({ name: `p${i}`, version: '1', release: '2' }));
  const sqlite = rpmSqlite(headers);
  const circle = inCircles(sqlite);
  t.notDeepEqual(circle, sqlite);
  const [whole, ndb, damaged, lock] = await Promise.all([
    read(SQLITE, sqlite),
    read('var/lib/rpm/Packages.db', rpmNdb(headers.slice(0, 3))),
    read(SQLITE, circle),
    read(
      'app/package-lock.json',
      Buffer.from('{"lockfileVersion":3,"packages":{"node_modules/a":{"version":"1.0.0"}}}'),
    ),
  ]);
  t.is(listPackages([whole!]).packages.length, 400);
  t.is(listPackages([ndb!]).packages.length, 3);
  t.deepEqual(damaged!.packages, []);
  t.regex(damaged!.warnings[0] ?? '', /rpmdb\.sqlite cannot be read whole: it is damaged: /);
  t.deepEqual(
    listPackages([lock!]).packages.map(({ url }) => url),
    ['pkg:npm/a@1.0.0'],
  );
  t.deepEqual(left(), []);
});

test('what takes longer than it may is left out with a warning', async (t) => {
  const { read, left } = await files(t, 0);
  const { packages, warnings } = await read(SQLITE, rpmSqlite([rpmHeader({ name: 'a', version: '1', release: '1' })]));
  t.deepEqual(packages, []);
  t.regex(warnings[0] ?? '', /rpmdb\.sqlite cannot be read, its packages are left out: it takes longer than 0 s/);
  t.deepEqual(left(), []);
});
