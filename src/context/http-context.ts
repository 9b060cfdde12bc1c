import { open } from 'node:fs/promises';
import { fromText } from '../io/byte-path.ts';
import { detectCompression } from '../layer/decompress.ts';
import { isTarHeader, type ReadArchiveOptions, readArchive } from '../layer/read-archive.ts';
import type { FileSource } from '../snapshot/file-source.ts';
import { itemsSource } from './items-source.ts';
import type { UrlFile } from './url-files.ts';

/** The name of a context's only file, as in BuildKit. */
export const LONE_FILE = 'context';
/** A tar's first block. */
const BLOCK_BYTES = 512;
/** A downloaded file's mode, as in BuildKit. */
const FILE_MODE = 0o600;

/** Whether a file's first bytes are those of an archive: a tar, or something compressed. */
export function looksLikeArchive(head: Buffer): boolean {
  return detectCompression(head) !== 'none' || isTarHeader(head.subarray(0, BLOCK_BYTES));
}

/** A download as a context of one file, `context`. */
export function fileSource({ digest, size, mtime, path }: UrlFile): FileSource {
  const entry = { type: 'file', mode: FILE_MODE, uid: 0, gid: 0, mtime, size, digest } as const;
  return itemsSource([{ path: LONE_FILE, entry, content: { path: fromText(path) } }]);
}

/** The files of an archive on disk; undefined when it is none. */
export async function archiveSource(path: string, options: ReadArchiveOptions): Promise<FileSource | undefined> {
  if (!looksLikeArchive(await firstBlock(path))) return undefined;
  const items = await readArchive({ path: fromText(path) }, options);
  return items && itemsSource(items);
}

async function firstBlock(path: string): Promise<Buffer> {
  await using file = await open(path, 'r');
  const bytes = Buffer.alloc(BLOCK_BYTES);
  const { bytesRead } = await file.read(bytes, 0, BLOCK_BYTES, 0);
  return bytes.subarray(0, bytesRead);
}
