import { applySelection } from '../../../src/instructions/copy-apply.ts';
import { MemoryTree } from '../../../src/instructions/copy-link.ts';
import type { CopiedContents, CopyRequest } from '../../../src/instructions/copy-request.ts';
import { selectFiles } from '../../../src/instructions/copy-select.ts';
import { parseChmod } from '../../../src/instructions/parse-chmod.ts';
import { type BytePath, parentOf, toText } from '../../../src/io/byte-path.ts';
import type { Entry } from '../../../src/snapshot/entry.ts';
import type { TreeEdit } from '../../../src/snapshot/tree-edit.ts';
import { MemorySource } from './memory-source.ts';

/** Mtime of directories that a copy makes, in these tests: their parent's and 7 ns. */
export const MADE = 7n;

/** A tree to copy into, filled from a MemorySource; it counts what is asked of it. */
export class MemoryEdit extends MemoryTree implements TreeEdit {
  readonly paths = new Set<BytePath>();
  lookups = 0;
  puts = 0;

  static async from(source: MemorySource): Promise<MemoryEdit> {
    const edit = new MemoryEdit();
    const sorted = [...source.entries].sort(([a], [b]) => (a < b ? -1 : 1));
    for (const [path, entry] of sorted) if (path !== '') await edit.put(path, entry);
    edit.puts = 0;
    return edit;
  }

  override lookup(path: BytePath): Promise<Entry | undefined> {
    this.lookups++;
    return super.lookup(path);
  }

  override async put(path: BytePath, entry: Entry): Promise<void> {
    this.puts++;
    await super.put(path, entry);
    this.paths.add(path);
  }

  async list(path: BytePath): Promise<{ name: BytePath; entry: Entry }[]> {
    const children: { name: BytePath; entry: Entry }[] = [];
    for (const key of [...this.paths].sort()) {
      const entry = parentOf(key) === path ? await super.lookup(key) : undefined;
      if (entry) children.push({ name: key.slice(key.lastIndexOf('/') + 1), entry });
    }
    return children;
  }

  commit(): Promise<never> {
    throw new Error('not here');
  }

  /** `type mode uid:gid path content-or-target` of everything, sorted. */
  async dump(contents?: CopiedContents): Promise<string[]> {
    const lines: string[] = [];
    for (const path of [...this.paths].sort()) {
      const entry = await super.lookup(path);
      if (!entry) continue;
      const parts = [entry.type, entry.mode.toString(8), `${entry.uid}:${entry.gid}`, `/${toText(path)}`];
      if (entry.target !== undefined) parts.push(`-> ${toText(entry.target)}`);
      const text = await contentOf(contents, path);
      if (text !== undefined) parts.push(JSON.stringify(text));
      lines.push(parts.join(' '));
    }
    return lines;
  }
}

/** What is in a copied file. */
export async function contentOf(contents: CopiedContents | undefined, path: BytePath): Promise<string | undefined> {
  const from = contents?.get(path);
  if (!from) return undefined;
  const content = 'content' in from ? from.content : await from.source.content(from.path, from.entry);
  return 'bytes' in content ? content.bytes.toString() : `file ${content.path}`;
}

export function request(
  source: MemorySource,
  sources: CopyRequest['sources'],
  dest: string,
  more: Partial<Omit<CopyRequest, 'mode'>> & { chmod?: string } = {},
): CopyRequest {
  const { chmod, ...rest } = more;
  return {
    sources,
    dest,
    source,
    workdir: '/',
    link: false,
    parents: false,
    exclude: [],
    forceRootOwner: true,
    createdMtime: (parent) => parent.mtime + MADE,
    ...(chmod === undefined ? {} : { mode: parseChmod(chmod) }),
    ...rest,
  };
}

/** One whole COPY into a tree. */
export async function copy(edit: MemoryEdit, made: CopyRequest): Promise<CopiedContents> {
  return applySelection(edit, await selectFiles(made), made);
}

/** COPY into an empty tree, and what came of it. */
export async function copied(...args: Parameters<typeof request>): Promise<string[]> {
  const edit = new MemoryEdit();
  return edit.dump(await copy(edit, request(...args)));
}

export { MemorySource };
