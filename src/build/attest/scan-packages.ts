import { createReadStream } from 'node:fs';
import { readerOf } from '../../attest/file-kinds.ts';
import type { FileFindings } from '../../attest/found-package.ts';
import { listPackages, type PackageList } from '../../attest/package-list.ts';
import { type BytePath, fromText, toFsPath, toText } from '../../io/byte-path.ts';
import { openLayer } from '../../layer/layer-source.ts';
import { createTarReader } from '../../layer/tar-reader.ts';
import type { Entry } from '../../snapshot/entry.ts';
import { walkTree } from '../../snapshot/walk-tree.ts';
import type { Image } from '../images/image.ts';
import type { LayerRef } from '../images/layer-ref.ts';
import type { Services } from '../services.ts';
import { createLargeFiles } from './large-files.ts';

/** A file that says something of packages, and what reads it. */
interface Wanted {
  readonly entry: Entry;
  open(): PackageReader;
}

/** What the file gave comes later when a thread reads it. */
interface PackageReader {
  push(chunk: Buffer): void;
  end(): FileFindings | Promise<FileFindings>;
}

type Scanner = Pick<Services, 'files' | 'trees' | 'store' | 'signal' | 'log'>;

/** What is read of a file at a time. */
const READ_BYTES = 1024 * 1024;

/**
 * The packages of an image, out of the databases, manifests and programs in its tree: names come from the tree, bytes
 * from the layers, topmost first, in one pass over each that may have one of them. Nothing is run; a layer is
 * unpacked into the store only for a package file that is a hard link to another name.
 */
export async function scanPackages(image: Image, services: Scanner): Promise<PackageList> {
  const { files, trees, log } = services;
  const wanted = new Map<BytePath, Wanted>();
  await using large = await createLargeFiles(services.store, services.signal);
  for await (const { path, entry } of walkTree(trees, await files.tree(image.layers))) {
    if (entry.type !== 'file' || entry.size === 0) continue;
    const reader = readerOf(path, entry);
    if (reader === 'too large')
      log.warn(`--sbom: /${toText(path)} has ${entry.size} bytes, which is too much: its packages are left out`);
    else if (reader?.kind === 'stream') wanted.set(path, { entry, open: reader.open });
    else if (reader) wanted.set(path, { entry, open: () => large.open(path) });
  }
  const findings: FileFindings[] = [];
  for (const layer of [...image.layers].reverse()) {
    if (wanted.size === 0) break;
    for (const [path, found] of await readLayer(layer, wanted, services)) {
      findings.push(found);
      wanted.delete(path);
    }
  }
  // Hard links whose bytes lie under another name: the unpacked layer has them.
  const source = files.source(image.layers, await files.tree(image.layers));
  for (const [path, { entry, open }] of wanted) {
    const content = await source.content(path, entry);
    findings.push(
      await readThrough(open(), 'path' in content ? createReadStream(toFsPath(content.path)) : [content.bytes]),
    );
  }
  const warnings = [...new Set(findings.flatMap((each) => each.warnings))];
  for (const warning of warnings) log.warn(`--sbom: ${warning}`);
  return listPackages(findings);
}

/** What a layer has of the wanted files: only when all of it matched its digest. */
async function readLayer(
  layer: LayerRef,
  wanted: ReadonlyMap<BytePath, Wanted>,
  { files, store, signal }: Scanner,
): Promise<Map<BytePath, FileFindings>> {
  await files.pull(layer);
  const found = new Map<BytePath, FileFindings | Promise<FileFindings>>();
  let current: { readonly path: BytePath; readonly reader: PackageReader } | undefined;
  const reader = createTarReader({
    entry({ name, type, size }) {
      const path = cleanName(name);
      const want = type === 'file' ? wanted.get(path) : undefined;
      current = want && want.entry.size === size ? { path, reader: want.open() } : undefined;
    },
    data: (chunk) => current?.reader.push(chunk),
    end() {
      if (current) found.set(current.path, kept(current.reader.end()));
      current = undefined;
    },
  });
  const path = toFsPath(fromText(store.blobs.path(layer.descriptor.digest)));
  const source = openLayer(createReadStream(path, { highWaterMark: READ_BYTES }), layer.descriptor);
  try {
    for await (const chunk of source.tar()) {
      signal.throwIfAborted();
      reader.push(chunk);
    }
    reader.finish();
    await source.end();
  } catch (error) {
    throw await source.explain(error);
  } finally {
    await source.close();
  }
  const all = [...found].map(async ([name, findings]) => [name, await findings] as const);
  return new Map(await Promise.all(all));
}

/** When the layer turns out to be damaged nobody asks any more. */
function kept<T>(later: T | Promise<T>): T | Promise<T> {
  if (later instanceof Promise) later.catch(() => {});
  return later;
}

async function readThrough(
  reader: PackageReader,
  chunks: AsyncIterable<Buffer> | Iterable<Buffer>,
): Promise<FileFindings> {
  for await (const chunk of chunks) reader.push(chunk);
  return reader.end();
}

/** `./a/b` and `/a/b` are `a/b`. */
function cleanName(name: BytePath): BytePath {
  return name.replace(/^(?:\.?\/)+/, '');
}
