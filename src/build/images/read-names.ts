import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { VarveError } from '../../errors.ts';
import { type LayoutIndex, layoutIndexSchema } from '../../registry/oci-layout.ts';

/** The file with the names of a store's images, as in every OCI image layout. */
export const NAMES_FILE = 'index.json';

export const NO_NAMES: LayoutIndex = { schemaVersion: 2, manifests: [] };

/**
 * The images that a store keeps under names.
 * @param path the store's
 * @throws VarveError `STORE_NAMES` when the file is damaged: a name in a registry may be another image, so nothing is guessed
 */
export async function readNames(path: string): Promise<LayoutIndex> {
  const file = join(path, NAMES_FILE);
  const text = await readFile(file, 'utf8');
  try {
    return layoutIndexSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new VarveError('STORE_NAMES', `${file}, which has the names of the store's images, is damaged`, {
      cause: error,
      hint: 'varve store verify --repair forgets them all; images that were built or imported under a name are made again then',
    });
  }
}
