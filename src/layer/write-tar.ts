import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { type BytePath, toFsPath } from '../io/byte-path.ts';
import { digestFromBytes } from '../oci/digest.ts';
import type { ContentSource, Entry } from '../snapshot/entry.ts';
import { createTarParts } from './layer-tar.ts';
import { contentChanged } from './read-content.ts';
import { paddingOf, TRAILER_BYTES } from './tar-block.ts';

/** Bytes read from a file at a time. */
const READ_BYTES = 256 * 1024;

/**
 * A root filesystem as one plain tar stream, in the items' order, parents first; the root directory itself is left out.
 * The stream fails with `CONTENT_CHANGED` when a file is not what its entry says.
 */
export function writeTar(
  items: AsyncIterable<{ readonly path: BytePath; readonly entry: Entry }>,
  content: (path: BytePath, entry: Entry) => Promise<ContentSource>,
): Readable {
  return Readable.from(tarBytes(items, content), { objectMode: false });
}

async function* tarBytes(
  items: Parameters<typeof writeTar>[0],
  content: Parameters<typeof writeTar>[1],
): AsyncGenerator<Buffer> {
  const parts = createTarParts();
  for await (const { path, entry } of items) {
    if (path === '') continue;
    const { header, file } = parts.entry(path, entry);
    yield header;
    if (!file) continue;
    yield* fileBytes(path, file, await content(path, file));
    const padding = paddingOf(file.size);
    if (padding) yield Buffer.alloc(padding);
  }
  yield Buffer.alloc(TRAILER_BYTES);
}

async function* fileBytes(path: BytePath, file: Entry, source: ContentSource): AsyncGenerator<Buffer> {
  let size = 0;
  const digest = createHash('sha256');
  const chunks =
    'bytes' in source ? [source.bytes] : createReadStream(toFsPath(source.path), { highWaterMark: READ_BYTES });
  for await (const chunk of chunks as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > file.size) break;
    digest.update(chunk);
    yield chunk;
  }
  if (size !== file.size) throw contentChanged(path, `it had ${file.size} bytes`);
  if (file.digest !== undefined && digestFromBytes(digest.digest()) !== file.digest)
    throw contentChanged(path, 'other content');
}
