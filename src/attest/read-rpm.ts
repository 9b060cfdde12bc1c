import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { type BytePath, toText } from '../io/byte-path.ts';
import type { FileFindings, FoundPackage } from './found-package.ts';
import { readRpmHeader } from './rpm-header.ts';
import { rpmSqliteHeaders } from './rpm-sqlite.ts';

/** More packages than any system has installed; what comes after is told of. */
const PACKAGES_LIMIT = 100_000;

/** rpm's database in SQLite: Fedora from 33, RHEL from 9. */
export function readRpmSqlite(file: string, foundIn: BytePath): FileFindings {
  return readHeaders(rpmSqliteHeaders(file, PACKAGES_LIMIT), foundIn);
}

/** rpm's own format: SUSE, CBL-Mariner. */
export function readRpmNdb(file: string, foundIn: BytePath): FileFindings {
  return readHeaders(ndbHeaders(file), foundIn);
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
/** A larger one is no package's. */
const HEADER_LIMIT_BYTES = 16 * 1024 * 1024;
/** Blobs lie on blocks of this size. */
const BLOCK_BYTES = 16;

/**
 * The header blobs of Packages.db: pages of slots, each of which says where a blob is.
 * @see https://github.com/rpm-software-management/rpm/blob/master/lib/backend/ndb/rpmpkg.c
 */
function* ndbHeaders(file: string): Generator<Buffer> {
  const fd = openSync(file, 'r');
  try {
    const size = fstatSync(fd).size;
    const read = (start: number, length: number): Buffer => {
      const bytes = Buffer.alloc(length);
      return bytes.subarray(0, readSync(fd, bytes, 0, length, start));
    };
    const head = read(0, FIRST_SLOT);
    if (size < PAGE_BYTES || head.toString('latin1', 0, 4) !== HEADER_MAGIC) throw new Error('it is no database');
    const slotsEnd = Math.min(head.readUInt32LE(12) * PAGE_BYTES, size - SLOT_BYTES);
    for (let page = 0; page < slotsEnd; page += PAGE_BYTES) {
      const slots = read(page, Math.min(PAGE_BYTES, slotsEnd - page));
      for (let at = page === 0 ? FIRST_SLOT : 0; at + SLOT_BYTES <= slots.length; at += SLOT_BYTES) {
        if (slots.toString('latin1', at, at + 4) !== SLOT_MAGIC) throw new Error('a slot is damaged');
        const [index, block] = [slots.readUInt32LE(at + 4), slots.readUInt32LE(at + 8)];
        if (index === 0) continue;
        const start = block * BLOCK_BYTES;
        const blob = read(start, BLOCK_BYTES);
        if (blob.length < BLOCK_BYTES || blob.toString('latin1', 0, 4) !== BLOB_MAGIC)
          throw new Error('a package is damaged');
        const length = blob.readUInt32LE(12);
        if (length > HEADER_LIMIT_BYTES) throw new Error(`a package has ${length} bytes`);
        yield read(start + BLOCK_BYTES, length);
      }
    }
  } finally {
    closeSync(fd);
  }
}
