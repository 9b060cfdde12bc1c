import { createHash } from 'node:crypto';
import { type BytePath, baseOf, fromText, parentOf } from '../../../src/io/byte-path.ts';
import type { Digest } from '../../../src/oci/digest.ts';
import type { ContentSource, Entry, Xattr } from '../../../src/snapshot/entry.ts';
import type { FileSource } from '../../../src/snapshot/file-source.ts';

export interface NodeOptions {
  mode?: number;
  uid?: number;
  gid?: number;
  mtime?: bigint;
  xattrs?: Xattr[];
  hardlink?: string;
}

/** A filesystem of a test: a FileSource that gives digests only when complete() is asked, and counts questions. */
export class MemorySource implements FileSource {
  readonly entries = new Map<BytePath, Entry>([['', plain('dir', 0o755, {})]]);
  readonly bytes = new Map<BytePath, Buffer>();
  readonly asked = { lookup: 0, list: 0, complete: 0 };

  dir(path: string, options: NodeOptions = {}): this {
    return this.#add(path, plain('dir', 0o755, options));
  }

  file(path: string, content: string | Buffer = '', options: NodeOptions = {}): this {
    const bytes = Buffer.from(content);
    this.bytes.set(fromText(path), bytes);
    return this.#add(path, { ...plain('file', 0o644, options), size: bytes.length });
  }

  symlink(path: string, target: string, options: NodeOptions = {}): this {
    return this.#add(path, { ...plain('symlink', 0o777, options), target: fromText(target) });
  }

  node(path: string, type: 'char' | 'block' | 'fifo', device?: [number, number], options: NodeOptions = {}): this {
    return this.#add(path, { ...plain(type, 0o644, options), ...(device ? { device } : {}) });
  }

  lookup(path: BytePath): Promise<Entry | undefined> {
    this.asked.lookup++;
    return Promise.resolve(this.entries.get(path));
  }

  list(path: BytePath): Promise<{ name: BytePath; entry: Entry }[]> {
    this.asked.list++;
    const below = path === '' ? '' : `${path}/`;
    const children: { name: BytePath; entry: Entry }[] = [];
    for (const [key, entry] of this.entries) {
      if (key !== '' && key.startsWith(below) && parentOf(key) === path) children.push({ name: baseOf(key), entry });
    }
    return Promise.resolve(children.sort((a, b) => (a.name < b.name ? -1 : 1)));
  }

  complete(items: readonly { readonly path: BytePath; readonly entry: Entry }[]): Promise<Entry[]> {
    this.asked.complete++;
    return Promise.resolve(
      items.map(({ path, entry }) => {
        const bytes = this.bytes.get(path);
        return entry.type === 'file' && bytes ? { ...entry, digest: sha256(bytes) } : entry;
      }),
    );
  }

  content(path: BytePath): Promise<ContentSource> {
    return Promise.resolve({ bytes: this.bytes.get(path) ?? Buffer.alloc(0) });
  }

  #add(path: string, entry: Entry): this {
    const key = fromText(path);
    for (let above = parentOf(key); !this.entries.has(above); above = parentOf(above)) {
      this.entries.set(above, plain('dir', 0o755, {}));
    }
    this.entries.set(key, entry);
    return this;
  }
}

export function sha256(bytes: Buffer | string): Digest {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}` as Digest;
}

function plain(type: Entry['type'], mode: number, options: NodeOptions): Entry {
  return { type, mode, uid: 0, gid: 0, mtime: 1_000_000_000n, size: 0, ...options };
}
