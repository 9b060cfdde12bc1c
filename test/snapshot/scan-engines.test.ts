import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import { loadLibc } from '../../src/io/libc.ts';
import type { LayerItem } from '../../src/snapshot/entry.ts';
import { scanUpper } from '../../src/snapshot/scan-upper.ts';
import { createTreeStore } from '../../src/snapshot/tree-store.ts';
import { createPlainPool } from '../../src/snapshot/walk-plain.ts';
import { notRun } from '../support/not-run.ts';
import { arbitraryOps, arbitrarySimpleOps } from './support/arbitrary-ops.ts';
import { applyOps, type DiskOp } from './support/disk-ops.ts';
import { diskTree } from './support/disk-tree.ts';
import { memoryCatalog } from './support/memory-catalog.ts';
import { holdAgainstOracle } from './support/oracle.ts';
import { runOnOverlay } from './support/overlay.ts';
import { runOnPlain } from './support/plain.ts';
import { makeTemp } from './support/temp.ts';

const pool = createPlainPool(1);
test.after.always(() => pool.close());

/** A test that mounts. */
function check(title: string, run: (t: ExecutionContext) => Promise<void>): void {
  test(title, async (t) => {
    if (process.getuid?.() === 0) return run(t);
    notRun(t, 'it mounts, and this is not root');
  });
}

/** Makes a lower directory by the operations of `base`, and an overlay over it that is changed and scanned. */
async function runOnOverlayOf(at: string, store: ReturnType<typeof createTreeStore>, base: DiskOp[], change: DiskOp[]) {
  const lower = join(at, 'lower');
  mkdirSync(lower);
  applyOps(lower, base, true);
  const parent = await diskTree(store, lower);
  const { upper, merged } = runOnOverlay(at, change, ['index=off', 'redirect_dir=nofollow', 'metacopy=off']);
  const items = await scanUpper({ upper, parent, store, libc: loadLibc(), xattrs: 'trusted' });
  return { merged, parent, items };
}

check('plain rootfs: a random edit script gives the layer that a double walk gives', async (t) => {
  await fc.assert(
    fc.asyncProperty(arbitraryOps, arbitraryOps, fc.boolean(), async (base, change, young) => {
      using temp = makeTemp();
      const store = createTreeStore(memoryCatalog());
      const { root, parent, items } = await runOnPlain(temp.path, store, pool, { base, change, young });
      await holdAgainstOracle(t, store, { parent, now: root, items });
    }),
    { seed: 11, numRuns: 100, interruptAfterTimeLimit: 100_000 },
  );
});

check('overlay: a random edit script gives the layer that a double walk gives', async (t) => {
  await fc.assert(
    fc.asyncProperty(arbitraryOps, arbitraryOps, async (base, change) => {
      using temp = makeTemp();
      const store = createTreeStore(memoryCatalog());
      const { merged, parent, items } = await runOnOverlayOf(temp.path, store, base, change);
      await holdAgainstOracle(t, store, { parent, now: merged, items });
    }),
    { seed: 12, numRuns: 25, interruptAfterTimeLimit: 100_000 },
  );
});

check('both engines give the same layer for the same change', async (t) => {
  const say = (items: readonly LayerItem[]): string[] => items.map(({ kind, path }) => `${kind} ${path}`);
  await fc.assert(
    fc.asyncProperty(arbitrarySimpleOps, arbitrarySimpleOps, async (base, change) => {
      using temp = makeTemp();
      const store = createTreeStore(memoryCatalog());
      const plain = await runOnPlain(temp.path, store, pool, { base, change });
      const overlay = await runOnOverlayOf(temp.path, store, base, change);
      t.deepEqual(say(plain.items), say(overlay.items));
    }),
    { seed: 13, numRuns: 15, interruptAfterTimeLimit: 100_000 },
  );
});
