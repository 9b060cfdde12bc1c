import { readdirSync } from 'node:fs';
import { type BytePath, fromText, joinBytes, parentOf, toFsPath, toText } from '../io/byte-path.ts';
import type { Libc } from '../io/libc.ts';
import { createBreather } from '../snapshot/breather.ts';
import type { Entry, LayerItem } from '../snapshot/entry.ts';
import { statFile } from '../snapshot/file-stat.ts';
import { hashLargeFile, hashSmallFile, SMALL_FILE } from '../snapshot/hash-file.ts';

export interface VerifyUnpacked {
  /** Absolute path of the unpacked layer. */
  readonly directory: string;
  /** What the layer's blob says. */
  readonly items: readonly LayerItem[];
  /** What the snapshot has at a path that is not in the layer; undefined when nothing is there, or nothing is known. */
  snapshot(path: BytePath): Promise<Entry | undefined>;
  readonly libc: Libc;
  /** Namespace of overlayfs's own xattrs. */
  readonly xattrs: 'trusted' | 'user';
  readonly signal: AbortSignal;
}

/**
 * Compares an unpacked layer with its blob: names, types, sizes, modes, owners, link targets, whiteouts, and every
 * file's content. Times and xattrs are not compared. A layer that a RUN left may further hold what overlayfs copied up
 * without a change, and empty places that something was mounted on.
 * @returns one sentence for each difference, as they are found
 */
export async function* verifyUnpacked(request: VerifyUnpacked): AsyncGenerator<string> {
  const { libc, signal } = request;
  const root = fromText(request.directory);
  const breathe = createBreather(signal);
  const scratch = Buffer.allocUnsafe(SMALL_FILE);
  const named = new Set<BytePath>();

  const isOpaque = (path: BytePath): boolean =>
    libc.getXattr(joinBytes(root, path), `${request.xattrs}.overlay.opaque`)?.toString('latin1') === 'y';

  const digestOf = async (path: BytePath, size: number): Promise<string> => {
    const full = joinBytes(root, path);
    return size < SMALL_FILE ? hashSmallFile(full, size, scratch) : hashLargeFile(full, size, undefined, signal);
  };

  const compare = async (path: BytePath, want: Entry): Promise<string | undefined> => {
    const found = statFile(joinBytes(root, path))?.entry;
    // Devices are left out where they cannot be made.
    if ((want.type === 'char' || want.type === 'block') && (!found || isWhiteout(found))) return undefined;
    if (!found) return 'is missing';
    if (found.type !== want.type) return `is a ${found.type} instead of a ${want.type}`;
    if (found.size !== want.size) return `has ${found.size} bytes instead of ${want.size}`;
    if (found.target !== want.target) return 'links elsewhere';
    if (`${found.device}` !== `${want.device}`) return 'is another device';
    if (found.uid !== want.uid || found.gid !== want.gid)
      return `belongs to ${found.uid}:${found.gid} instead of ${want.uid}:${want.gid}`;
    if (found.type !== 'symlink' && found.mode !== want.mode)
      return `has mode ${found.mode.toString(8)} instead of ${want.mode.toString(8)}`;
    if (found.type === 'file' && (await digestOf(path, found.size)) !== want.digest) return 'has other content';
    return undefined;
  };

  const check = async (item: LayerItem): Promise<string | undefined> => {
    const { path } = item;
    if (item.kind === 'entry') return compare(path, item.entry);
    if (item.kind === 'opaque')
      return isOpaque(path) ? undefined : 'hides nothing, where the layer hides what is below';
    const found = statFile(joinBytes(root, path));
    if (found ? isWhiteout(found.entry) : isOpaque(parentOf(path))) return undefined;
    return 'is no whiteout, where the layer has one';
  };

  for (const item of request.items) {
    await breathe();
    named.add(item.path);
    const problem = await check(item).catch((error: Error) => {
      signal.throwIfAborted();
      return `cannot be read: ${error.message}`;
    });
    if (problem !== undefined) yield `/${toText(item.path)} ${problem}`;
  }

  /** Of a path that is not in the layer. */
  const isHarmless = async (path: BytePath, entry: Entry | undefined): Promise<boolean> => {
    if (!entry || isWhiteout(entry) || entry.type === 'dir') return true;
    if (entry.type === 'file' && entry.size === 0) return true;
    const below = await request.snapshot(path);
    if (!below || below.type !== entry.type || below.size !== entry.size || below.target !== entry.target) return false;
    return entry.type !== 'file' || (await digestOf(path, entry.size)) === below.digest;
  };

  const pending: BytePath[] = [''];
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    const full = joinBytes(root, path);
    if (statFile(full)?.entry?.type !== 'dir') continue;
    for (const name of readdirSync(toFsPath(full), { encoding: 'latin1' })) {
      await breathe();
      const child = joinBytes(path, name);
      const entry = statFile(joinBytes(root, child))?.entry;
      if (entry?.type === 'dir') pending.push(child);
      if (!named.has(child) && !(await isHarmless(child, entry))) yield `/${toText(child)} is not in the layer`;
    }
  }
}

function isWhiteout(entry: Entry | undefined): boolean {
  return entry?.type === 'char' && entry.device?.[0] === 0 && entry.device[1] === 0;
}
