import { type BytePath, toText } from '../io/byte-path.ts';
import type { FileFindings, FoundPackage } from './found-package.ts';
import { readRpmHeader } from './rpm-header.ts';
import { rpmSqliteHeaders } from './rpm-sqlite.ts';

/** More packages than any system has installed; what comes after is told of. */
const PACKAGES_LIMIT = 100_000;

/** rpm's database in SQLite: Fedora from 33, RHEL from 9. */
export function readRpmSqlite(bytes: Buffer, foundIn: BytePath): FileFindings {
  return readHeaders(rpmSqliteHeaders(bytes, PACKAGES_LIMIT), foundIn);
}

/** rpm's own format: SUSE, CBL-Mariner. */
export function readRpmNdb(bytes: Buffer, foundIn: BytePath): FileFindings {
  return readHeaders(ndbHeaders(bytes), foundIn);
}

/** Berkeley DB, up to RHEL 8: not read. */
export function readRpmBerkeley(_: Buffer, foundIn: BytePath): FileFindings {
  return { packages: [], warnings: [`/${toText(foundIn)} is a Berkeley DB: its rpm packages are not read`] };
}

function readHeaders(headers: Iterable<Buffer>, foundIn: BytePath): FileFindings {
  const packages: FoundPackage[] = [];
  try {
    for (const header of headers) {
      const found = readRpmHeader(header, foundIn);
      if (found) packages.push(found);
      if (packages.length >= PACKAGES_LIMIT) throw new Error(`it has more than ${PACKAGES_LIMIT} packages`);
    }
  } catch (error) {
    return { packages, warnings: [`/${toText(foundIn)} cannot be read whole: ${(error as Error).message}`] };
  }
  return { packages, warnings: [] };
}

const HEADER_MAGIC = 'RpmP';
const SLOT_MAGIC = 'Slot';
const BLOB_MAGIC = 'BlbS';
const PAGE_BYTES = 4096;
const SLOT_BYTES = 16;
/** The file's own header is as long as two slots. */
const FIRST_SLOT = 2 * SLOT_BYTES;
/** Blobs lie on blocks of this size. */
const BLOCK_BYTES = 16;

/**
 * The header blobs of Packages.db: pages of slots, each of which says where a blob is.
 * @see https://github.com/rpm-software-management/rpm/blob/master/lib/backend/ndb/rpmpkg.c
 */
function* ndbHeaders(bytes: Buffer): Generator<Buffer> {
  if (bytes.length < PAGE_BYTES || bytes.toString('latin1', 0, 4) !== HEADER_MAGIC)
    throw new Error('it is no database');
  const slotsEnd = Math.min(bytes.readUInt32LE(12) * PAGE_BYTES, bytes.length - SLOT_BYTES);
  for (let at = FIRST_SLOT; at <= slotsEnd - SLOT_BYTES; at += SLOT_BYTES) {
    if (bytes.toString('latin1', at, at + 4) !== SLOT_MAGIC) throw new Error('a slot is damaged');
    const [index, block] = [bytes.readUInt32LE(at + 4), bytes.readUInt32LE(at + 8)];
    if (index === 0) continue;
    const start = block * BLOCK_BYTES;
    if (start + BLOCK_BYTES > bytes.length || bytes.toString('latin1', start, start + 4) !== BLOB_MAGIC)
      throw new Error('a package is damaged');
    const length = bytes.readUInt32LE(start + 12);
    yield bytes.subarray(start + BLOCK_BYTES, start + BLOCK_BYTES + length);
  }
}
