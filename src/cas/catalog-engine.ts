/** A row to write; without a value it is deleted. */
export interface RowWrite {
  readonly key: string;
  readonly value: Buffer | undefined;
}

export type Row = readonly [key: string, value: Buffer];

/** Rows with `from` ≤ key < `to`; with `after` set, `from` itself is left out. */
export interface RowRange {
  readonly from: string;
  readonly after: boolean;
  readonly to: string;
}

/** What serves a catalog's rows: LevelDB in this process, the owner's socket, or memory. Keys are whole, space included. */
export interface CatalogEngine {
  /** Answers for the first keys, for one at least: the rest is left out when the values exceed {@link PAGE_BYTES}. */
  getMany(keys: readonly string[]): Promise<(Buffer | undefined)[]>;
  /** All or nothing. */
  write(writes: readonly RowWrite[]): Promise<void>;
  /** The first rows of a range, up to about {@link PAGE_BYTES}; none only when the range is empty. */
  page(range: RowRange): Promise<Row[]>;
  /** False for memory. */
  isLasting(): Promise<boolean>;
  close(): Promise<void>;
}

/** An answer ends with the value that reaches this. Any one value may be larger. */
export const PAGE_BYTES = 1 << 20;
/** Values of one answer. 4 µs each: the owner's event loop is held for about 1 ms. */
export const PAGE_ROWS = 256;
/** A write that is larger is refused: it has to be in memory several times. */
export const MAX_WRITE_BYTES = 1 << 28;
export const MAX_KEY_BYTES = 4096;

/** The first values that `get` has, up to the limits of one answer. */
export function answer<T>(items: readonly T[], get: (item: T) => Buffer | undefined): (Buffer | undefined)[] {
  const values: (Buffer | undefined)[] = [];
  let bytes = 0;
  for (const item of items) {
    const value = get(item);
    values.push(value);
    bytes += value?.length ?? 0;
    if (bytes >= PAGE_BYTES || values.length >= PAGE_ROWS) break;
  }
  return values;
}
