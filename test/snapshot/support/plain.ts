import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { loadLibc } from '../../../src/io/libc.ts';
import type { LayerItem } from '../../../src/snapshot/entry.ts';
import { scanPlain } from '../../../src/snapshot/scan-plain.ts';
import type { RootTree, TreeStore } from '../../../src/snapshot/tree.ts';
import { type PlainPool, walkPlain } from '../../../src/snapshot/walk-plain.ts';
import { applyOps, type DiskOp } from './disk-ops.ts';
import { diskTree } from './disk-tree.ts';

/** Past this a file's ctime proves something (racy.ts). */
const AGE_MS = 25;

export interface PlainRun {
  readonly root: string;
  readonly parent: RootTree;
  readonly items: readonly LayerItem[];
}

/** Makes a directory by the operations of `base`, records it, changes it, scans it. @param young leaves no time between */
export async function runOnPlain(
  at: string,
  store: TreeStore,
  pool: PlainPool,
  script: { readonly base: readonly DiskOp[]; readonly change: readonly DiskOp[]; readonly young?: boolean },
): Promise<PlainRun> {
  const root = join(at, 'plain');
  mkdirSync(root);
  applyOps(root, script.base, true);
  const parent = await diskTree(store, root);
  if (!script.young) await setTimeout(AGE_MS);
  const shared = { root, libc: loadLibc(), pool, workers: 1 };
  const before = await walkPlain(shared);
  applyOps(root, script.change, true);
  const { items } = await scanPlain({ ...shared, before, parent, store });
  return { root, parent, items };
}
