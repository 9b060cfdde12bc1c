import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { VarveError } from '../../errors.ts';
import { fromText } from '../../io/byte-path.ts';
import { detectCompression, MAGIC_BYTES } from '../../layer/decompress.ts';
import { firstBytes, plainBytes } from '../../layer/read-archive.ts';
import type { Services } from '../services.ts';

/**
 * An archive that can be read at any place: itself, or, when it is compressed (`docker save | gzip`), its tar in a temporary
 * directory, which the caller removes.
 * @throws VarveError `ARCHIVE_INVALID` when it cannot be read or is damaged, `ARCHIVE_PROGRAM`
 */
export async function plainArchive(
  path: string,
  { store, program, signal }: Pick<Services, 'store' | 'program' | 'signal'>,
): Promise<{ readonly path: string; remove(): Promise<void> }> {
  const source = { path: fromText(path) };
  try {
    const compression = detectCompression(firstBytes(source, MAGIC_BYTES));
    if (compression === 'none') return { path, remove: async () => {} };
    const temp = await store.makeTemp('archive');
    const plain = join(temp.path, 'plain.tar');
    await pipeline(plainBytes(source, compression, { program }), createWriteStream(plain), { signal });
    return { path: plain, remove: () => temp.remove() };
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof VarveError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    throw new VarveError('ARCHIVE_INVALID', `the archive ${path} cannot be read: ${code ?? message}`, { cause: error });
  }
}
