import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, createReadStream, openSync, readSync, writeSync } from 'node:fs';
import { posix } from 'node:path';
import { pipeline, Readable } from 'node:stream';
import { VarveError } from '../errors.ts';
import { type BytePath, fromText, joinBytes, toFsPath } from '../io/byte-path.ts';
import { type Digest, digestFromBytes } from '../oci/digest.ts';
import type { ContentSource, Entry } from '../snapshot/entry.ts';
import { type DetectedCompression, decompress, detectCompression } from './decompress.ts';
import { createEntryTree, type Inode, treeItems } from './entry-tree.ts';
import { BLOCK, checksumsOf, FIELD } from './tar-block.ts';
import type { TarEntry } from './tar-entry.ts';
import { createTarReader } from './tar-reader.ts';

/** One path of an archive that was read whole. */
export interface ReadArchiveItem {
  readonly path: BytePath;
  readonly entry: Entry;
  /** Of files. */
  readonly content?: ContentSource;
}

export interface ReadArchiveOptions {
  /** An absolute path of an empty directory that files' contents are written to. */
  readonly directory: string;
  /** The program that decompresses what Node cannot, by its name (`bzip2`, `xz`); undefined when it is not installed. */
  program(name: string): string | undefined;
  readonly signal?: AbortSignal;
}

const READ_BYTES = 256 * 1024;
/** Debian's packages of the programs. */
const PACKAGES: Readonly<Record<string, string>> = { bzip2: 'bzip2', xz: 'xz-utils' };

/**
 * Reads a tar archive, plain or compressed with gzip, zstd, bzip2 or xz, all seen from its content; undefined for a
 * file that is none. Names that lead above the archive's root stay in it, as in a chroot.
 * @throws VarveError `TAR_*`, `LAYER_UNSAFE`, `ARCHIVE_PROGRAM`
 */
export async function readArchive(
  source: ContentSource,
  options: ReadArchiveOptions,
): Promise<readonly ReadArchiveItem[] | undefined> {
  const compression = detectCompression(firstBytes(source, BLOCK));
  if (compression === 'none' && !isTarHeader(firstBytes(source, BLOCK))) return undefined;
  const sink = createSpool(options.directory);
  let checked = compression === 'none';
  let head = Buffer.alloc(0);
  try {
    for await (const chunk of plainBytes(source, compression, options)) {
      options.signal?.throwIfAborted();
      if (checked) {
        sink.push(chunk);
        continue;
      }
      head = Buffer.concat([head, chunk]);
      if (head.length < BLOCK) continue;
      if (!isTarHeader(head)) return undefined;
      checked = true;
      sink.push(head);
    }
    if (!checked) return undefined;
    return sink.finish();
  } catch (error) {
    if (error instanceof VarveError || options.signal?.aborted) throw error;
    // Damaged before it could be seen to hold a tar: an ordinary file, as BuildKit takes it.
    if (!checked) return undefined;
    throw new VarveError('TAR_INVALID', `the archive is damaged: ${(error as Error).message}`, { cause: error });
  } finally {
    sink.close();
  }
}

/** Whether a block is a tar header: its checksum fits. Many zeros are an empty archive. */
export function isTarHeader(block: Buffer): boolean {
  if (block.length < BLOCK) return false;
  const [start, length] = FIELD.checksum;
  const stated = Number.parseInt(
    block
      .toString('latin1', start, start + length)
      .replace(/[\0 ]+/g, ' ')
      .trim(),
    8,
  );
  return checksumsOf(block).includes(stated);
}

function createSpool(directory: string) {
  const tree = createEntryTree({ whiteouts: false, onImplicitDir: () => {} });
  const contents = new Map<Digest, BytePath>();
  let inode: Inode | undefined;
  let file: { readonly fd: number; readonly path: BytePath; readonly hash: ReturnType<typeof createHash> } | undefined;
  let count = 0;
  const reader = createTarReader({
    entry(tar) {
      const change = tree.add(insideRoot(tar));
      inode = change.kind === 'make' && change.entry.type === 'file' ? change.inode : undefined;
      if (!inode) return;
      const path = joinBytes(fromText(directory), String(count++));
      file = { fd: openSync(toFsPath(path), 'wx', 0o600), path, hash: createHash('sha256') };
    },
    data(chunk) {
      if (!file) return;
      file.hash.update(chunk);
      for (let done = 0; done < chunk.length; ) done += writeSync(file.fd, chunk, done);
    },
    end() {
      if (!file || !inode) return;
      closeSync(file.fd);
      const digest = digestFromBytes(file.hash.digest());
      inode.entry = { ...inode.entry, digest };
      contents.set(digest, file.path);
      file = undefined;
    },
  });
  return {
    push: (chunk: Buffer) => reader.push(chunk),
    finish(): ReadArchiveItem[] {
      reader.finish();
      return treeItems(tree.root).items.flatMap((item): ReadArchiveItem[] => {
        if (item.kind !== 'entry') return [];
        const path = item.entry.digest && contents.get(item.entry.digest);
        return [{ path: item.path, entry: item.entry, ...(path === undefined ? {} : { content: { path } }) }];
      });
    },
    close() {
      if (file) closeSync(file.fd);
    },
  };
}

function insideRoot(tar: TarEntry): TarEntry {
  if (!tar.name.split('/').includes('..')) return tar;
  return { ...tar, name: posix.normalize(`/${tar.name}`).slice(1) };
}

/**
 * What is in a file, decompressed.
 * @throws VarveError `ARCHIVE_PROGRAM` when the program for it is missing; Error for damaged data
 */
export function plainBytes(
  source: ContentSource,
  compression: DetectedCompression,
  { program }: Pick<ReadArchiveOptions, 'program'>,
): AsyncIterable<Buffer> {
  if (compression !== 'bzip2' && compression !== 'xz') return decompress(inputOf(source), compression);
  const path = program(compression);
  if (path === undefined) {
    throw new VarveError('ARCHIVE_PROGRAM', `the archive is compressed with ${compression}, which is not installed`, {
      hint: `install ${PACKAGES[compression]}`,
    });
  }
  return filtered(path, inputOf(source));
}

function inputOf(source: ContentSource): Readable {
  if ('bytes' in source) return Readable.from([source.bytes]);
  return createReadStream(toFsPath(source.path), { highWaterMark: READ_BYTES });
}

async function* filtered(program: string, input: Readable): AsyncGenerator<Buffer> {
  const child = spawn(program, ['-dc'], { stdio: ['pipe', 'pipe', 'ignore'] });
  const ended = new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve));
  // What is wrong with the program shows in its end; what is wrong with the input is told there.
  let inputError: Error | null | undefined;
  pipeline(input, child.stdin, (error) => {
    inputError = error;
  });
  ended.catch(() => {});
  try {
    yield* child.stdout;
    const code = await ended;
    if (code !== 0) throw new Error(`${program} failed with code ${code}`, { cause: inputError });
  } finally {
    child.kill();
    input.destroy();
  }
}

/** The file's first bytes, fewer when it has fewer. */
export function firstBytes(source: ContentSource, length: number): Buffer {
  if ('bytes' in source) return source.bytes.subarray(0, length);
  const fd = openSync(toFsPath(source.path), 'r');
  try {
    const bytes = Buffer.alloc(length);
    return bytes.subarray(0, readSync(fd, bytes, 0, length, 0));
  } finally {
    closeSync(fd);
  }
}
