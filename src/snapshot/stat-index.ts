import { hash, randomBytes } from 'node:crypto';
import xxhash from 'xxhash-addon';
import type { Catalog, CatalogWrite } from '../cas/catalog.ts';
import { type BytePath, baseOf, parentOf } from '../io/byte-path.ts';
import type { Clock } from '../io/clock.ts';
import type { Digest } from '../oci/digest.ts';
import { type FileStat, sameStat } from './file-stat.ts';
import { isRacy } from './racy.ts';
import { decodeStatRow, encodeStatRow, type StatRecord, type StatRow, statRowDirectory } from './stat-row.ts';

/** What files of one tree on disk were like when they were last hashed, so that those that did not change are not read. */
export interface StatIndex {
  /** Reads what is known, the first time; everything but {@link now} and {@link listed} needs it before. */
  load(): Promise<void>;
  /** The time to give to {@link remember}, taken before the lstat. Milliseconds since 1970. */
  now(): number;
  /** The file's digest, when its stat proves that it is the file of last time; `bare`: it has no xattrs for an image. */
  find(path: BytePath, stat: FileStat): { readonly digest: Digest; readonly bare: boolean } | undefined;
  /** The last file of that path and size, to be compared by its quick hash. */
  candidate(path: BytePath, size: number): { readonly digest: Digest; readonly quick: Buffer } | undefined;
  /** A new hash for quick comparisons within this store: xxh3-128 with the store's seed. Never an address. */
  quickHash(): QuickHash;
  remember(path: BytePath, stat: FileStat, digest: Digest, quick: Buffer | undefined, seenAt: number): void;
  /** Says that a file that is found, or was remembered in this scan, has no xattrs that belong in an image. */
  rememberBare(path: BytePath): void;
  /** Says which names a directory has by now: what is known of others is forgotten at the next flush. */
  listed(directory: BytePath, names: ReadonlySet<BytePath>): void;
  /** Writes the directories that changed. */
  flush(): Promise<void>;
}

export interface QuickHash {
  update(data: Buffer): void;
  digest(): Buffer;
}

const SEED_KEY = 'seed';
/** xxHash takes a seed of 64 bits. */
const SEED_BYTES = 8;
/** Hex digits of a key's halves: 128 bits of sha256. */
const KEY_DIGITS = 32;

interface Directory {
  /** Undefined until first asked for. */
  row: StatRow | undefined;
  readonly value: Buffer | undefined;
  changed: boolean;
}

/**
 * The index `name`: one row for each directory in the catalog's space `stat` (docs/store-format.md, "stat"). An
 * index that is lost, or overwritten by another process, costs reading files again.
 * @param name tells the trees on disk apart, such as the absolute path of a build context
 */
export function openStatIndex(catalog: Catalog, name: string, deps: { readonly clock: Clock }): StatIndex {
  const prefix = `${keyOf(name)}/`;
  const directories = new Map<BytePath, Directory>();
  let seed: Buffer = Buffer.alloc(0);
  let loading: Promise<void> | undefined;
  const loadRows = async (): Promise<void> => {
    seed = await loadSeed(catalog);
    for await (const [, value] of catalog.rows('stat', prefix)) {
      const path = statRowDirectory(value);
      if (path !== undefined) directories.set(path, { row: undefined, value, changed: false });
    }
  };
  const listings = new Map<BytePath, ReadonlySet<BytePath>>();

  const rowOf = (path: BytePath): StatRow | undefined => {
    const directory = directories.get(path);
    if (!directory) return undefined;
    directory.row ??= decodeOrEmpty(directory.value);
    return directory.row;
  };
  const recordOf = (path: BytePath): StatRecord | undefined => rowOf(parentOf(path))?.get(baseOf(path));

  return {
    now: () => deps.clock.now(),
    load: () => (loading ??= loadRows()),
    find(path, stat) {
      const record = recordOf(path);
      return record && !record.racy && sameStat(record.stat, stat) ? record : undefined;
    },
    candidate(path, size) {
      const record = recordOf(path);
      if (!record?.quick || record.stat.size !== size) return undefined;
      return { digest: record.digest, quick: record.quick };
    },
    quickHash: () => new xxhash.XXHash128(seed),
    remember(path, stat, digest, quick, seenAt) {
      const parent = parentOf(path);
      const row: StatRow = rowOf(parent) ?? new Map();
      row.set(baseOf(path), { stat, digest, quick, racy: isRacy(stat, seenAt), bare: false });
      const directory = directories.get(parent);
      if (directory) directory.changed = true;
      else directories.set(parent, { row, value: undefined, changed: true });
    },
    rememberBare(path) {
      const [record, directory] = [recordOf(path), directories.get(parentOf(path))];
      if (!record || record.bare || !directory?.row) return;
      directory.row.set(baseOf(path), { ...record, bare: true });
      directory.changed = true;
    },
    listed: (directory, names) => void listings.set(directory, names),
    async flush() {
      const writes: CatalogWrite[] = [];
      for (const [path, directory] of directories) {
        const key = prefix + keyOf(path);
        if (isGone(path, listings)) {
          directories.delete(path);
          writes.push({ type: 'del', space: 'stat', key });
          continue;
        }
        const names = listings.get(path);
        if (names)
          for (const file of rowOf(path)!.keys())
            if (!names.has(file)) directory.changed = directory.row!.delete(file) || directory.changed;
        if (!directory.changed) continue;
        writes.push({ type: 'put', space: 'stat', key, value: encodeStatRow(path, directory.row!) });
      }
      if (writes.length > 0) await catalog.write(writes);
      for (const directory of directories.values()) directory.changed = false;
    },
  };
}

/** Whether a directory above was listed and does not have this one any more. */
function isGone(path: BytePath, listings: ReadonlyMap<BytePath, ReadonlySet<BytePath>>): boolean {
  for (let at = path; at !== ''; at = parentOf(at))
    if (listings.get(parentOf(at))?.has(baseOf(at)) === false) return true;
  return false;
}

async function loadSeed(catalog: Catalog): Promise<Buffer> {
  const kept = await catalog.get('stat', SEED_KEY);
  if (kept?.length === SEED_BYTES) return kept;
  const seed = randomBytes(SEED_BYTES);
  // Two processes may both get here: the one that loses reads some files twice.
  await catalog.write([{ type: 'put', space: 'stat', key: SEED_KEY, value: seed }]);
  return seed;
}

function decodeOrEmpty(value: Buffer | undefined): StatRow {
  try {
    return value ? decodeStatRow(value) : new Map();
  } catch {
    return new Map(); // as good as lost
  }
}

function keyOf(text: string): string {
  return hash('sha256', text, 'hex').slice(0, KEY_DIGITS);
}
