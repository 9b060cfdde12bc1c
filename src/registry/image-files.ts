import { createReadStream } from 'node:fs';
import { open, readFile, stat } from 'node:fs/promises';
import { PassThrough, type Readable } from 'node:stream';
import { VarveError } from '../errors.ts';
import { indexTar, type TarMember } from './tar-index.ts';

/** Bytes read of a blob at a time: in pieces of 64 KiB, 1 GB takes twice the system's time. */
const READ_BYTES = 1024 * 1024;

/** Files by name: a layout's directory, or what is in an archive. */
export interface ImageFiles {
  read(name: string, limit: number): Promise<Buffer | undefined>;
  stream(name: string): Readable;
  size(name: string): Promise<number | undefined>;
  /** Where it lies, when it is a file of its own. */
  path?(name: string): string;
  close(): Promise<void>;
}

/** A layout's directory. */
export function directoryFiles(directory: string): ImageFiles {
  const path = (name: string): string => `${directory}/${name}`;
  const size = async (name: string) => (await stat(path(name)).catch(() => undefined))?.size;
  return {
    size,
    async read(name, limit) {
      const bytes = await size(name);
      return bytes === undefined || bytes > limit ? undefined : readFile(path(name));
    },
    path,
    stream: (name) => createReadStream(path(name), { highWaterMark: READ_BYTES }),
    close: async () => {},
  };
}

/** An archive, read in place. @throws VarveError `ARCHIVE_INVALID` */
export async function archiveFiles(path: string): Promise<ImageFiles> {
  const file = await open(path).catch((error: NodeJS.ErrnoException) => {
    throw new VarveError('ARCHIVE_INVALID', `the archive ${path} cannot be read: ${error.code ?? error.message}`);
  });
  let members: Map<string, TarMember>;
  try {
    members = await indexTar(file, path);
  } catch (error) {
    await file.close();
    throw error;
  }
  const range = (name: string): Readable => {
    const member = members.get(name);
    if (!member) throw new VarveError('BLOB_MISSING', `${path} has no ${name}`);
    const { start, size } = member;
    return size === 0
      ? new PassThrough().end()
      : createReadStream(path, { start, end: start + size - 1, highWaterMark: READ_BYTES });
  };
  return {
    size: async (name) => members.get(name)?.size,
    async read(name, limit) {
      const member = members.get(name);
      return !member || member.size > limit ? undefined : collect(range(name));
    },
    stream: range,
    close: () => file.close(),
  };
}

/** A small stream as one buffer. */
export async function collect(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}
