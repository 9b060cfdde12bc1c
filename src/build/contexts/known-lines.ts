import { hash } from 'node:crypto';
import type { Catalog } from '../../cas/catalog.ts';
import type { Stamp } from '../../snapshot/stamp-directory.ts';

/** What a step's files came to in the key, for as long as a stamp says that they are the same. */
export interface KnownLines {
  /** @param question all that decides the lines besides the files */
  find(question: string, stamp: Stamp): Promise<readonly string[] | undefined>;
  /** Keeps them, when nothing may have changed unseen. */
  remember(question: string, stamp: Stamp, lines: readonly string[]): Promise<void>;
}

/** First byte of a row; another form of the lines (copy-key.ts) or of the row takes another number. */
const VERSION = 1;
const STAMP_BYTES = 32;
/** A row is one value of LevelDB, which is read and written whole. */
const LIMIT_BYTES = 32 * 1024 * 1024;
/** Hex digits of a key: 128 bits of sha256. */
const KEY_DIGITS = 32;

/** docs/store-format.md, "stat": rows `lines/…`. */
export function createKnownLines(catalog: Catalog): KnownLines {
  const keyOf = (question: string, { place }: Stamp): string =>
    `lines/${hash('sha256', JSON.stringify([place, question]), 'hex').slice(0, KEY_DIGITS)}`;
  return {
    async find(question, stamp) {
      const row = await catalog.get('stat', keyOf(question, stamp));
      if (row?.[0] !== VERSION || row.toString('hex', 1, 1 + STAMP_BYTES) !== stamp.digest) return undefined;
      const text = row.toString('utf8', 1 + STAMP_BYTES);
      return text === '' ? [] : text.split('\n');
    },
    async remember(question, stamp, lines) {
      const text = lines.join('\n');
      if (!stamp.proven || text.length > LIMIT_BYTES || lines.some((line) => line.includes('\n'))) return;
      const value = Buffer.concat([Buffer.of(VERSION), Buffer.from(stamp.digest, 'hex'), Buffer.from(text, 'utf8')]);
      await catalog.write([{ type: 'put', space: 'stat', key: keyOf(question, stamp), value }]);
    },
  };
}
