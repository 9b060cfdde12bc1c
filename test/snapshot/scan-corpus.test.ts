import test from 'ava';
import { createTreeStore } from '../../src/snapshot/tree-store.ts';
import { createPlainPool } from '../../src/snapshot/walk-plain.ts';
import { loadCases } from './support/corpus.ts';
import type { DiskOp } from './support/disk-ops.ts';
import { memoryCatalog } from './support/memory-catalog.ts';
import { holdAgainstOracle } from './support/oracle.ts';
import { runOnPlain } from './support/plain.ts';
import { makeTemp } from './support/temp.ts';

interface Case {
  readonly id: string;
  readonly method: string;
  readonly base: readonly DiskOp[];
  readonly change: readonly DiskOp[];
  readonly expect: readonly { readonly kind: string; readonly path: string }[];
}

const pool = createPlainPool(1);
test.after.always(() => pool.close());
const isRoot = process.getuid?.() === 0;

for (const one of loadCases<Case>('snapshot-diff.json', 'diff') ?? []) {
  if (!isRoot || (one.method !== 'walk' && one.method !== 'overlay')) continue;
  test(`plain rootfs: ${one.id}`, async (t) => {
    using temp = makeTemp();
    const store = createTreeStore(memoryCatalog());
    const { root, parent, items } = await runOnPlain(temp.path, store, pool, one);
    await holdAgainstOracle(t, store, { parent, now: root, items });
    const deleted = one.expect.filter(({ kind }) => kind === 'delete').map(({ path }) => path.slice(1));
    const opaque = items.filter(({ kind }) => kind === 'opaque').map(({ path }) => path);
    const whiteouts = items.filter(({ kind }) => kind === 'whiteout').map(({ path }) => path);
    for (const path of deleted)
      t.true(whiteouts.includes(path) || opaque.some((above) => path.startsWith(`${above}/`)), `${path} is gone`);
    for (const { kind, path } of one.expect)
      if (kind !== 'delete')
        t.true(
          items.some((item) => item.path === path.slice(1)),
          `${kind} ${path}`,
        );
  });
}

/** What random edits meet seldom. */
const rows: readonly (readonly [string, readonly DiskOp[], readonly DiskOp[], readonly string[]])[] = [
  [
    'a directory that was replaced, with what was in it put back, is not opaque',
    [
      { op: 'mkdir', path: 'd/sub' },
      { op: 'create', path: 'd/sub/f', content: 'x' },
      { op: 'create', path: 'd/gone', content: 'x' },
    ],
    [
      { op: 'rename', path: 'd', to: 'old' },
      { op: 'mkdir', path: 'd', mode: '0755' },
      { op: 'rename', path: 'old/sub', to: 'd/sub' },
      { op: 'create', path: 'd/sub/new', content: 'y' },
      { op: 'removeAll', path: 'old' },
    ],
    ['entry ', 'entry d', 'whiteout d/gone', 'entry d/sub', 'entry d/sub/new'],
  ],
  [
    'a directory that was replaced as a whole is opaque',
    [
      { op: 'mkdir', path: 'd/sub' },
      { op: 'create', path: 'd/f', content: 'x' },
    ],
    [
      { op: 'removeAll', path: 'd' },
      { op: 'mkdir', path: 'd', mode: '0700' },
      { op: 'create', path: 'd/g', content: 'x' },
    ],
    ['entry ', 'entry d', 'opaque d', 'entry d/g'],
  ],
  [
    'an edit of the same size with the old mtime',
    [
      { op: 'create', path: 'f', content: 'one' },
      { op: 'chtimes', path: 'f', mtime: { sec: 5, nsec: 7 } },
    ],
    [
      { op: 'create', path: 'f', content: 'two' },
      { op: 'chtimes', path: 'f', mtime: { sec: 5, nsec: 7 } },
    ],
    ['entry f'],
  ],
];
for (const [name, base, change, expected] of rows)
  test(`plain rootfs: ${name}`, async (t) => {
    using temp = makeTemp();
    const store = createTreeStore(memoryCatalog());
    const { root, parent, items } = await runOnPlain(temp.path, store, pool, { base, change });
    t.deepEqual(
      items.map(({ kind, path }) => `${kind} ${path}`),
      expected,
    );
    await holdAgainstOracle(t, store, { parent, now: root, items });
  });
