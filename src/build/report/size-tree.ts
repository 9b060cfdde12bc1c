/** Bytes by directory, as deep as they are worth a look. */
export interface SizeNode {
  readonly name: string;
  /** Of all below it. */
  readonly bytes: number;
  readonly files: number;
  readonly children: readonly SizeNode[];
}

interface Growing {
  bytes: number;
  files: number;
  readonly children: Map<string, Growing>;
}

export interface SizedFile {
  /** Without a leading slash, for people. */
  readonly path: string;
  readonly bytes: number;
}

/** Smaller than this share of the whole, things are put together; a picture has no room for them. */
const LEAST_SHARE = 0.004;
/** Names below this depth are part of the directory above. */
const DEEPEST = 6;

/** @param whole bytes that shares are of */
export function sizeTree(name: string, files: Iterable<SizedFile>, whole: number): SizeNode {
  const root: Growing = { bytes: 0, files: 0, children: new Map() };
  for (const { path, bytes } of files) {
    let at = root;
    add(at, bytes);
    for (const part of path.split('/').slice(0, DEEPEST)) {
      const next = at.children.get(part) ?? { bytes: 0, files: 0, children: new Map() };
      at.children.set(part, next);
      add(next, bytes);
      at = next;
    }
  }
  return settled(name, root, whole * LEAST_SHARE);
}

function add(node: Growing, bytes: number): void {
  node.bytes += bytes;
  node.files++;
}

function settled(name: string, node: Growing, least: number): SizeNode {
  const all = [...node.children].sort(([, a], [, b]) => b.bytes - a.bytes);
  const large = all.filter(([, child]) => child.bytes >= least);
  const small = all.slice(large.length);
  const children = large.map(([part, child]) => settled(part, child, least));
  const bytes = small.reduce((sum, [, child]) => sum + child.bytes, 0);
  const files = small.reduce((sum, [, child]) => sum + child.files, 0);
  if (children.length && bytes > 0) children.push({ name: `${small.length} smaller`, bytes, files, children: [] });
  return { name, bytes: node.bytes, files: node.files, children };
}
