import { accessSync, constants, existsSync, mkdirSync } from 'node:fs';

/** Where the image of varve has its store, and kaniko's its warmed base images. */
const DEFAULT = '/cache';

/**
 * The directory of the store: --cache-dir when it is given, else $VARVE_STORE, else /cache when it can be written; undefined
 * where varve's own default is to be taken.
 * @param note told why a directory that was named is not taken
 */
export function storePlace(
  cacheDir: string | undefined,
  given: string | undefined,
  note: (text: string) => void,
): string | undefined {
  if (cacheDir !== undefined) {
    if (isWritable(cacheDir, true)) return cacheDir;
    note(`--cache-dir ${cacheDir} cannot be written: the store is elsewhere, and base images come from their registry`);
  }
  if (given !== undefined) return undefined;
  return isWritable(DEFAULT, false) ? DEFAULT : undefined;
}

function isWritable(path: string, make: boolean): boolean {
  try {
    if (make && !existsSync(path)) mkdirSync(path, { recursive: true });
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
