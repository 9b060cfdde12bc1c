import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { type ReadArchiveOptions, readArchive } from '../layer/read-archive.ts';
import type { CopyRequest } from './copy-request.ts';

export interface UnpackerOptions extends Pick<ReadArchiveOptions, 'program' | 'signal'> {
  /**
   * Absolute path of a directory for the files of the archives: it must stay until the layer was assembled, and is the
   * caller's to remove.
   */
  readonly directory: string;
}

/** What unpacks archives for ADD: see {@link CopyRequest.unpack}. Every archive has a directory of its own. */
export function archiveUnpacker(options: UnpackerOptions): NonNullable<CopyRequest['unpack']> {
  const { directory, ...rest } = options;
  return async (content) => readArchive(content, { ...rest, directory: await mkdtemp(join(directory, 'add-')) });
}
