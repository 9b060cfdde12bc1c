import { hash } from 'node:crypto';
import { closeSync, constants, openSync, readSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { VarveError } from '../errors.ts';
import { type BytePath, toFsPath, toText } from '../io/byte-path.ts';
import type { ContentSource, Entry } from '../snapshot/entry.ts';

/** No link is followed at the end of the path, and a FIFO that took the file's place does not block. */
const OPEN_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** The error for a file that is not what its entry says. */
export function contentChanged(path: BytePath, what: string, cause?: unknown): VarveError {
  return new VarveError('CONTENT_CHANGED', `/${toText(path)} changed while the layer was written: ${what}`, {
    hint: 'build again when nothing writes to the file',
    cause,
  });
}

/**
 * Reads a small file whole into `into` at `offset` and checks it against its entry. Synchronous: 20,000 files of 2 KiB
 * take 0.2 s this way, 1.1 s with fs.promises eight at a time, 5 s one by one (2 cores).
 * @throws VarveError `CONTENT_CHANGED`
 */
export function readWhole(source: ContentSource, path: BytePath, entry: Entry, into: Buffer, offset: number): void {
  const target = into.subarray(offset, offset + entry.size);
  if ('bytes' in source) {
    if (source.bytes.length !== entry.size) throw wrongSize(path, entry, source.bytes.length);
    target.set(source.bytes);
  } else {
    const read = readFile(source.path, path, target);
    if (read !== entry.size) throw wrongSize(path, entry, read);
  }
  if (`sha256:${hash('sha256', target, 'hex')}` !== entry.digest) throw contentChanged(path, 'other content');
}

function readFile(file: BytePath, path: BytePath, target: Buffer): number {
  let fd: number | undefined;
  try {
    fd = openSync(toFsPath(file), OPEN_FLAGS);
    let done = 0;
    while (done < target.length) {
      const read = readSync(fd, target, done, target.length - done, null);
      if (read === 0) break;
      done += read;
    }
    return done;
  } catch (error) {
    throw contentChanged(path, (error as Error).message, error);
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/** A large file that is read in order, a piece at a time. */
export interface PieceReader {
  /** Fills `target` with the next bytes. @throws VarveError `CONTENT_CHANGED` when there are fewer */
  read(target: Buffer): Promise<void>;
  close(): Promise<void>;
}

/** @throws VarveError `CONTENT_CHANGED` when it cannot be opened */
export async function openPieces(source: ContentSource, path: BytePath, entry: Entry): Promise<PieceReader> {
  let position = 0;
  if ('bytes' in source) {
    const { bytes } = source;
    return {
      read: async (target) => {
        const copied = bytes.copy(target, 0, position);
        position += copied;
        if (copied < target.length) throw wrongSize(path, entry, position);
      },
      close: async () => {},
    };
  }
  let handle: FileHandle;
  try {
    handle = await open(toFsPath(source.path), OPEN_FLAGS);
  } catch (error) {
    throw contentChanged(path, (error as Error).message, error);
  }
  return {
    read: async (target) => {
      let done = 0;
      while (done < target.length) {
        const { bytesRead } = await handle.read(target, done, target.length - done, position);
        if (bytesRead === 0) throw wrongSize(path, entry, position);
        done += bytesRead;
        position += bytesRead;
      }
    },
    close: () => handle.close(),
  };
}

function wrongSize(path: BytePath, entry: Entry, found: number): VarveError {
  return contentChanged(path, `${found} bytes where there were ${entry.size}`);
}
