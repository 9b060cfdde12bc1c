/**
 * The version of everything that affects a digest varve computes: tar form, compressor settings, frame rule (DESIGN 2.10).
 * It enters every step key, content key and frame key; raising it makes every cache cold, once.
 */
export const FORMAT = 1;

/** The directory below the store's root that this layout lives in. Another layout gets another directory. */
export const LAYOUT = 'v1';

/** The version of the bytes between a catalog's owner and its clients (docs/store-format.md). */
export const PROTOCOL = 1;
