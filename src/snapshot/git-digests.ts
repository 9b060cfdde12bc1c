import type { Catalog, CatalogWrite } from '../cas/catalog.ts';
import { type Digest, digestHex } from '../oci/digest.ts';
import { ByteReader } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';
import type { GitHash } from './git-index.ts';

/** A git blob: its id as hex, and how many bytes it has. */
export interface GitBlob {
  readonly hash: GitHash;
  readonly id: string;
  readonly size: number;
}

/**
 * sha256 of the contents of git blobs. Only {@link learn} puts anything in, and its callers have read the bytes and
 * computed both: so what is here is true of every repository, whoever's.
 */
export interface GitDigests {
  /** In the blobs' order. */
  find(blobs: readonly GitBlob[]): Promise<(Digest | undefined)[]>;
  learn(blob: GitBlob, digest: Digest): void;
  flush(): Promise<void>;
}

/** First byte of a row. */
const VERSION = 1;
/** Leading digits of an id that name its row: 4096 rows, so that 20,000 blobs cost 4096 look-ups and one costs one. */
const ROW_DIGITS = 3;
/** A row's blobs, newest last; with more the oldest go. So the map ends at 1 million blobs and 60 MB. */
const ROW_BLOBS = 256;

type Row = Map<string, { readonly blob: GitBlob; readonly digest: Digest }>;

/** The map in the catalog's space `git` (docs/store-format.md, "git"). What another process overwrites is learned again. */
export function createGitDigests(catalog: Catalog): GitDigests {
  const rows = new Map<string, Row>();
  const learned = new Map<string, Row>();

  const load = async (blobs: readonly GitBlob[]): Promise<void> => {
    const keys = [...new Set(blobs.map(keyOf))].filter((key) => !rows.has(key));
    const values = await catalog.getMany('git', keys);
    for (const [i, key] of keys.entries()) rows.set(key, decodeOrEmpty(values[i], key));
  };

  return {
    async find(blobs) {
      await load(blobs);
      return blobs.map((blob) => {
        const found = (learned.get(keyOf(blob)) ?? rows.get(keyOf(blob)))?.get(blob.id);
        return found?.blob.size === blob.size ? found.digest : undefined;
      });
    },
    learn(blob, digest) {
      const key = keyOf(blob);
      let row = learned.get(key);
      if (!row) learned.set(key, (row = new Map(rows.get(key))));
      row.delete(blob.id);
      row.set(blob.id, { blob, digest });
    },
    async flush() {
      const writes: CatalogWrite[] = [];
      for (const [key, row] of learned) {
        writes.push({ type: 'put', space: 'git', key, value: encodeRow(row) });
        rows.set(key, row);
      }
      learned.clear();
      if (writes.length > 0) await catalog.write(writes);
    },
  };
}

function keyOf({ hash, id }: GitBlob): string {
  return `${hash}/${id.slice(0, ROW_DIGITS)}`;
}

function encodeRow(row: Row): Buffer {
  const writer = new ByteWriter();
  writer.byte(VERSION);
  for (const [id, { blob, digest }] of [...row].slice(-ROW_BLOBS)) {
    writer.hex(id);
    writer.varint(blob.size);
    writer.hex(digestHex(digest));
  }
  return writer.take();
}

function decodeOrEmpty(value: Buffer | undefined, key: string): Row {
  const row: Row = new Map();
  if (!value) return row;
  const hash: GitHash = key.startsWith('sha256/') ? 'sha256' : 'sha1';
  try {
    const reader = new ByteReader(value);
    if (reader.byte() !== VERSION) return row;
    while (!reader.done) {
      const id = reader.hex(hash === 'sha256' ? 32 : 20);
      const size = reader.varint();
      row.set(id, { blob: { hash, id, size }, digest: `sha256:${reader.hex(32)}` as Digest });
    }
    return row;
  } catch {
    return new Map(); // as good as lost
  }
}
