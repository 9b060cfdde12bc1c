import { VarveError } from '../errors.ts';
import { type BytePath, joinBytes, parentOf, toText } from '../io/byte-path.ts';
import type { Entry } from '../snapshot/entry.ts';
import { hardlinkId } from '../snapshot/hardlink-id.ts';
import { resolvePath } from '../snapshot/resolve-path.ts';
import type { TreeEdit } from '../snapshot/tree-edit.ts';
import { applyArchive } from './add-archive.ts';
import { copyDestination, type Destination } from './copy-destination.ts';
import { type EditedTree, makeDirectories, type NewDirectory } from './copy-directories.ts';
import { copiedEntry, overDirectory } from './copy-entry.ts';
import { createInheritance, type Inheritance } from './copy-inherit.ts';
import { MemoryTree } from './copy-link.ts';
import type { CopiedContents, CopyRequest, SelectedSource, Selection } from './copy-request.ts';

/**
 * Copies a selection into a tree and tells where the bytes of every file that it put there are. The sources are copied
 * one after the other, later ones over earlier ones. With --link (and no --chmod) they are copied into an empty tree
 * first, which is then laid over this one: what results from the sources doesn't depend on what was there.
 * Throws `COPY_CONFLICT` when a file would replace a directory or a directory a file, `NOT_A_DIRECTORY` when the
 * destination goes through a file.
 */
export async function applySelection(
  edit: TreeEdit,
  selection: Selection,
  request: CopyRequest,
): Promise<CopiedContents> {
  if (!isLinked(request)) return copyAll(edit, selection, request);
  const alone = new MemoryTree();
  const contents = await copyAll(alone, selection, request);
  await alone.layOver(edit);
  return contents;
}

/** Whether the copy is made apart from the tree below it. A mode turns --link off, as in BuildKit. */
export function isLinked(request: Pick<CopyRequest, 'link' | 'mode'>): boolean {
  return request.link && request.mode === undefined;
}

async function copyAll(tree: EditedTree, selection: Selection, request: CopyRequest): Promise<CopiedContents> {
  const copier = new Copier(tree, request);
  for (const source of selection.sources) await copier.copy(source);
  return copier.contents;
}

/** A source whose files are there. */
type OpenSource = Exclude<SelectedSource, { kind: 'pending' }>;

class Copier {
  readonly contents: CopiedContents = new Map();
  readonly #tree: EditedTree;
  readonly #request: CopyRequest;
  readonly #dest: Destination;
  readonly #made: NewDirectory;
  readonly #inherit: Inheritance;

  constructor(tree: EditedTree, request: CopyRequest) {
    this.#tree = tree;
    this.#request = request;
    this.#dest = copyDestination(request.dest, request.workdir);
    this.#made = newDirectory(request);
    this.#inherit = createInheritance(request);
  }

  async copy(source: SelectedSource): Promise<void> {
    if (source.kind === 'pending') throw new Error('a pending source was not opened');
    if (await this.#unpack(source)) return;
    const { path, entry } = await this.#destination();
    if (source.kind === 'dir') return this.#copyContents(source, path, entry);
    const name = source.kind === 'given' ? source.file.name : source.name;
    const target = entry?.type === 'dir' ? joinBytes(path, name) : path;
    await makeDirectories(this.#tree, parentOf(target), this.#made);
    const from = source.kind === 'given' ? source.file.entry : source.entry;
    await this.#removeForFile(target);
    await this.#put(target, copiedEntry(from, this.#request, undefined));
    if (from.type !== 'file') return;
    if (source.kind === 'given') this.contents.set(target, { content: source.file.content });
    else this.contents.set(target, { source: this.#request.source, path: source.path, entry: from });
  }

  /** Unpacks an archive for ADD. Not by its name: what it is, its content says. */
  async #unpack(source: OpenSource): Promise<boolean> {
    const { unpack, warn } = this.#request;
    if (!unpack || source.kind === 'dir' || (source.kind === 'given' && !source.file.unpack)) return false;
    const { entry, name } = source.kind === 'given' ? source.file : source;
    if (entry.type !== 'file') return false;
    const content =
      source.kind === 'given' ? source.file.content : await this.#request.source.content(source.path, entry);
    const items = await unpack(content, name);
    if (!items) return false;
    if (this.#request.mode) warn?.(`--chmod does nothing to what is unpacked from ${toText(name)}`);
    await applyArchive(this.#tree, items, this.#dest.path, this.#request, this.contents);
    return true;
  }

  /** Where the destination leads, with what must be there made. Looked up for each source: an earlier one may be it. */
  async #destination(): Promise<{ path: BytePath; entry: Entry | undefined }> {
    const { path, isDirectory } = this.#dest;
    const ensured = isDirectory ? path : parentOf(path);
    const { path: place } = await resolvePath(this.#tree, ensured, { followLast: true });
    await makeDirectories(this.#tree, place, this.#made);
    return resolvePath(this.#tree, path, { followLast: true });
  }

  async #copyContents(
    source: Extract<SelectedSource, { kind: 'dir' }>,
    target: BytePath,
    there: Entry | undefined,
  ): Promise<void> {
    if (there && there.type !== 'dir') throw notADirectory(target);
    const top = there ?? (await makeDirectories(this.#tree, target, this.#made));
    // Mode and owner of the top directory are its own, but its mtime becomes the source's. The root is in no layer.
    if (target !== '') await this.#put(target, { ...top, mtime: this.#request.mtime ?? source.entry.mtime });

    const links = linkIds(source.entries, target);
    /** Directories that this copy made: nothing can be in the way below them. */
    const fresh = new Set<BytePath>(there ? [] : ['']);
    for (const { path, entry, onTheWay } of source.entries) {
      const at = joinBytes(target, path);
      const old = fresh.has(parentOf(path)) ? undefined : await this.#tree.lookup(at);
      const copied = copiedEntry(entry, this.#request, entry.hardlink && links.get(entry.hardlink));
      if (entry.type === 'dir') {
        if (old && old.type !== 'dir') throw notADirectory(at);
        if (!old) fresh.add(path);
        await this.#put(at, !old ? copied : onTheWay ? { ...old, mode: entry.mode } : overDirectory(old, copied));
        continue;
      }
      if (old?.type === 'dir') throw notAFile(at);
      await this.#put(at, copied);
      if (entry.type === 'file') {
        this.contents.set(at, {
          source: source.source ?? this.#request.source,
          path: joinBytes(source.path, path),
          entry,
        });
      }
    }
  }

  async #removeForFile(target: BytePath): Promise<void> {
    const old = target === '' ? undefined : await this.#tree.lookup(target);
    if (target === '' || old?.type === 'dir') throw notAFile(target);
  }

  async #put(path: BytePath, entry: Entry): Promise<void> {
    if (entry.type !== 'file') this.contents.delete(path);
    await this.#tree.put(path, await this.#inherit(path, entry));
  }
}

/** Directories that no source has: 0755, or a numeric --chmod's permission bits; root's, or --chown's. */
export function newDirectory(request: CopyRequest): NewDirectory {
  return {
    mode: request.mode?.octal === undefined ? 0o755 : request.mode.octal & 0o777,
    uid: request.owner?.uid ?? 0,
    gid: request.owner?.gid ?? 0,
    mtime: (parent) => request.mtime ?? request.createdMtime(parent),
  };
}

/**
 * New ids for the hard links inside one copied directory. An id says the names and the content of its group, so it can
 * only meet itself again in the tree below, where this very copy replaces all of its names.
 */
function linkIds(
  entries: Extract<SelectedSource, { kind: 'dir' }>['entries'],
  target: BytePath,
): Map<string, string | undefined> {
  const groups = new Map<string, { paths: BytePath[]; digest: string | undefined }>();
  for (const { path, entry } of entries) {
    if (entry.hardlink === undefined || entry.type !== 'file') continue;
    const group = groups.get(entry.hardlink);
    if (group) group.paths.push(joinBytes(target, path));
    else groups.set(entry.hardlink, { paths: [joinBytes(target, path)], digest: entry.digest });
  }
  const ids = new Map<string, string | undefined>();
  for (const [id, { paths, digest }] of groups) {
    ids.set(id, paths.length < 2 ? undefined : hardlinkId(`copy ${digest}`, paths.join('\0')));
  }
  return ids;
}

function notADirectory(path: BytePath): VarveError {
  return new VarveError('COPY_CONFLICT', `cannot copy to non-directory: /${toText(path)}`, {
    hint: 'A directory is copied here, and the image has something else. Remove it first or copy to another place.',
  });
}

function notAFile(path: BytePath): VarveError {
  return new VarveError('COPY_CONFLICT', `cannot replace to directory /${toText(path)} with file`, {
    hint: 'The image has a directory here. Remove it first or copy to another place.',
  });
}
