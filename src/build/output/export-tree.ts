import { createWriteStream } from 'node:fs';
import { rename, rm, utimes, writeFile } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { VarveError } from '../../errors.ts';
import { type BytePath, fromText, joinBytes, toFsPath, toText } from '../../io/byte-path.ts';
import { writeTar } from '../../layer/write-tar.ts';
import { formatPlatform, type Platform } from '../../oci/platform.ts';
import type { ContentSource, Entry } from '../../snapshot/entry.ts';
import { EMPTY_ROOT } from '../../snapshot/root-entry.ts';
import { type WalkedEntry, walkTree } from '../../snapshot/walk-tree.ts';
import type { StatementFile } from '../attest/statement-files.ts';
import type { Image } from '../images/image.ts';
import type { Services } from '../services.ts';
import { materialize } from '../steps/materialize.ts';

/** An image's root filesystem, and the directory of the output that it belongs in; `` is the output itself. */
export interface ImageRoot {
  readonly image: Image;
  readonly platform: Platform;
  readonly directory: string;
  /** Files that come besides those of the image. */
  readonly statements: readonly StatementFile[];
}

/** What can be said of an exported file instead of what the image says. */
export interface TreeOptions {
  /** mtime of everything, ns since 1970. */
  readonly mtime?: bigint;
}

/** Writes images' root filesystems as one tar: a file, put in place when it is complete, or a stream. */
export async function exportTar(
  roots: readonly ImageRoot[],
  dest: string | Writable,
  services: Services,
  options: TreeOptions = {},
): Promise<void> {
  const { signal } = services;
  const tar = tarOf(roots, services, options);
  if (typeof dest !== 'string') return pipeline(tar, dest, { signal, end: false });
  const partial = `${dest}.partial-${process.pid}`;
  try {
    await pipeline(tar, createWriteStream(partial), { signal });
    await rename(partial, dest);
  } catch (error) {
    await rm(partial, { force: true });
    throw error instanceof VarveError
      ? error
      : new VarveError('OUTPUT_FAILED', `${dest} cannot be written: ${(error as Error).message}`, { cause: error });
  }
}

/**
 * @throws VarveError `OUTPUT_OVERLAP` when two platforms have one path that is no directory, and no directories of their own
 * @see moby/buildkit exporter/local/export.go
 */
export async function refuseOverlap(roots: readonly ImageRoot[], { files, trees }: Services): Promise<void> {
  const owners = new Map<BytePath, Platform>();
  for (const { image, platform } of roots) {
    for await (const { path, entry } of walkTree(trees, await files.tree(image.layers))) {
      if (entry.type === 'dir') continue;
      const other = owners.get(path);
      owners.set(path, platform);
      if (!other) continue;
      const both = `${formatPlatform(other)} and ${formatPlatform(platform)}`;
      throw new VarveError('OUTPUT_OVERLAP', `platform-split=false: ${both} both have /${toText(path)}`, {
        hint: 'leave platform-split=false out, so that each platform has a directory of its own',
      });
    }
  }
}

/** Root's, and of 1970 where no time is given. */
const STATEMENT_ENTRY: Entry = { type: 'file', mode: 0o600, uid: 0, gid: 0, mtime: 0n, size: 0 };

function tarOf(roots: readonly ImageRoot[], { files, trees }: Services, { mtime }: TreeOptions) {
  /** Where a file's bytes are, by its path in the tar; an entry is forgotten when the next one comes. */
  let content: (() => Promise<ContentSource>) | undefined;
  const changed = mtime === undefined ? {} : { mtime };
  async function* entries(): AsyncGenerator<WalkedEntry> {
    for (const [i, { image, directory, statements }] of roots.entries()) {
      const prefix: BytePath = fromText(directory);
      if (prefix !== '') yield { path: prefix, entry: { ...EMPTY_ROOT, ...changed } };
      const tree = await files.tree(image.layers);
      const source = files.source(image.layers, tree);
      for await (const { path, entry } of walkTree(trees, tree)) {
        if (path === '') continue;
        content = () => source.content(path, entry);
        // Two images' hard links may have one name, and are not one file.
        const hardlink = entry.hardlink === undefined ? {} : { hardlink: `${i} ${entry.hardlink}` };
        const own: Entry = { ...entry, ...changed, ...hardlink };
        yield { path: prefix === '' ? path : joinBytes(prefix, path), entry: own };
      }
      for (const { name, bytes } of statements) {
        content = async () => ({ bytes });
        yield { path: joinBytes(prefix, name), entry: { ...STATEMENT_ENTRY, size: bytes.length, ...changed } };
      }
    }
  }
  return writeTar(entries(), () => content!());
}

/** Writes the image's root filesystem into a directory, over what is there; owners are kept when varve runs as root. */
export async function exportDirectory(
  { image, statements }: Pick<ImageRoot, 'image' | 'statements'>,
  dest: string,
  { files, libc }: Services,
  { isRoot, ...options }: TreeOptions & { readonly isRoot: boolean },
): Promise<void> {
  const tree = await files.tree(image.layers);
  const source = files.source(image.layers, tree);
  await materialize(source, '', dest, { libc, owners: isRoot ? 'keep' : 'none', replace: true, ...options });
  for (const { name, bytes } of statements) {
    const path = toFsPath(joinBytes(fromText(dest), name));
    await replaceStatement(path, bytes);
    if (options.mtime !== undefined) {
      const seconds = Number(options.mtime / 1_000_000_000n);
      await utimes(path, seconds, seconds);
    }
  }
}

/** What was there, a symlink too, is not written through. */
async function replaceStatement(path: Buffer, bytes: Buffer): Promise<void> {
  await rm(path, { force: true });
  await writeFile(path, bytes, { mode: 0o600, flag: 'wx' });
}
