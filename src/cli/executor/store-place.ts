import { accessSync, constants, existsSync, mkdirSync } from 'node:fs';
import type { ParsedFlags } from './parse-flags.ts';

/** Where the image of varve has its store, and kaniko's its warmed base images. */
const DEFAULT = '/cache';

/**
 * The directory of the store: --store when it is given, else --cache-dir, else $VARVE_STORE, else /cache when it can be
 * written; undefined where varve's own flag or default says it.
 * @param asked the command line's own flags
 * @param given --store, of the command line or the environment
 * @param note told why a directory that was named is not taken
 */
export function storePlace(
  { given: flags }: ParsedFlags,
  given: string | undefined,
  note: (text: string) => void,
): string | undefined {
  const cacheDir = flags.has('store') ? undefined : flags.get('cache-dir')?.at(-1);
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
