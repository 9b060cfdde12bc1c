import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { fromText, joinBytes, toFsPath } from '../../../src/io/byte-path.ts';
import { loadLibc, splitDevice } from '../../../src/io/libc.ts';
import { digestOf } from '../../../src/oci/digest.ts';
import { applyLayer } from '../../../src/snapshot/apply-layer.ts';
import { type Entry, isImageXattr, type LayerItem, type Xattr } from '../../../src/snapshot/entry.ts';
import { canonicalLinks } from '../../../src/snapshot/hardlink-id.ts';
import type { RootTree, TreeStore } from '../../../src/snapshot/tree.ts';

/** Every path of a directory on disk, by a walk that reads all: what scans are held against. Sockets are left out. */
export function readDisk(root: string): { path: string; entry: Entry }[] {
  const libc = loadLibc();
  const base = fromText(root);
  const found: { path: string; entry: Entry }[] = [];
  const walk = (path: string): void => {
    const full = joinBytes(base, path);
    const st = lstatSync(toFsPath(full), { bigint: true });
    if (st.isSocket()) return;
    const common = { mode: Number(st.mode & 0o7777n), uid: Number(st.uid), gid: Number(st.gid), mtime: st.mtimeNs };
    const xattrs: Xattr[] = libc
      .listXattrs(full)
      .filter(isImageXattr)
      .sort()
      .map((name) => [name, libc.getXattr(full, name)!]);
    const more = {
      size: 0,
      ...(xattrs.length > 0 ? { xattrs } : {}),
      ...(!st.isDirectory() && st.nlink > 1n ? { hardlink: `${st.dev}:${st.ino}` } : {}),
    };
    if (st.isDirectory()) found.push({ path, entry: { type: 'dir', ...common, ...more } });
    else if (st.isSymbolicLink()) {
      const target = readlinkSync(toFsPath(full), { encoding: 'latin1' });
      found.push({ path, entry: { type: 'symlink', ...common, ...more, target } });
    } else if (st.isFile()) {
      const file = { digest: digestOf(readFileSync(toFsPath(full))), size: Number(st.size) };
      found.push({ path, entry: { type: 'file', ...common, ...more, ...file } });
    } else if (st.isFIFO()) found.push({ path, entry: { type: 'fifo', ...common, ...more } });
    else {
      const type = st.isBlockDevice() ? 'block' : 'char';
      found.push({ path, entry: { type, ...common, ...more, device: splitDevice(st.rdev) } });
    }
    if (!st.isDirectory()) return;
    for (const name of readdirSync(toFsPath(full), { encoding: 'latin1' }).sort()) walk(joinBytes(path, name));
  };
  walk('');
  return canonicalLinks(found, root);
}

/** The tree of a directory on disk. */
export async function diskTree(store: TreeStore, root: string): Promise<RootTree> {
  const items: LayerItem[] = readDisk(root).map((found) => ({ kind: 'entry', ...found }));
  return applyLayer(store, undefined, items);
}
