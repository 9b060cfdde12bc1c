import test from 'ava';
import fc from 'fast-check';
import { editTree } from '../../src/snapshot/edit-tree.ts';
import type { Entry } from '../../src/snapshot/entry.ts';
import { comparePaths } from '../../src/snapshot/path-order.ts';
import { createTreeStore } from '../../src/snapshot/tree-store.ts';
import { arbitraryEdits, editModel } from './support/arbitrary-tree.ts';
import { dir, entriesOf, file, pathsOf } from './support/entries.ts';
import { memoryCatalog } from './support/memory-catalog.ts';

test('an empty tree is a root directory 0755 0:0 of 1970', async (t) => {
  const store = createTreeStore(memoryCatalog());
  const root = await editTree(store, undefined).commit();
  t.deepEqual(await entriesOf(store, root), [['', { type: 'dir', mode: 0o755, uid: 0, gid: 0, mtime: 0n, size: 0 }]]);
  const node = await store.node(root.exact);
  t.deepEqual(
    node.children.map(({ name }) => name),
    [''],
  );
});

test('a change deep down writes the nodes above it and no other', async (t) => {
  const catalog = memoryCatalog();
  const store = createTreeStore(catalog);
  const edit = editTree(store, undefined);
  for (const a of ['x', 'y', 'z']) {
    await edit.put(a, dir());
    for (const b of ['x', 'y', 'z']) {
      await edit.put(`${a}/${b}`, dir());
      for (const c of ['1', '2']) await edit.put(`${a}/${b}/${c}`, file(a + b + c));
    }
  }
  const root = await edit.commit();
  t.is(catalog.writes.length, 1 + 1 + 3 + 9);

  catalog.writes.length = 0;
  catalog.reads.count = 0;
  const next = editTree(createTreeStore(catalog), root);
  await next.put('y/z/1', file('new'));
  const changed = await next.commit();
  t.is(catalog.writes.length, 4);
  t.is(catalog.reads.count, 4);
  await next.put('y/z/1', file('yz1'));
  t.deepEqual(await next.commit(), root);

  catalog.writes.length = 0;
  const same = editTree(store, changed);
  await same.put('y/z/1', file('new'));
  await same.remove('nowhere/at/all');
  t.deepEqual(await same.commit(), changed);
  t.is(catalog.writes.length, 0);
});

test('put keeps the children of a directory, drops them for anything else, and needs a parent', async (t) => {
  const store = createTreeStore(memoryCatalog());
  const edit = editTree(store, undefined);
  await edit.put('d', dir());
  await edit.put('d/f', file('1'));
  await edit.put('d', dir({ mode: 0o700 }));
  t.deepEqual(
    (await edit.list('d')).map(({ name }) => name),
    ['f'],
  );
  await edit.put('d', file('2'));
  t.is(await edit.lookup('d/f'), undefined);
  await t.throwsAsync(edit.put('d/f', file()), { message: /parent is no directory/ });
  await t.throwsAsync(edit.put('no/f', file()), { message: /parent is no directory/ });
  await t.throwsAsync(edit.put('a/../b', file()), { message: /clean/ });
  await edit.put('d', dir());
  t.deepEqual(await edit.list('d'), []);
  await edit.put('', dir({ mode: 0o711 }));
  await edit.remove('d');
  const root = await edit.commit();
  t.deepEqual(await pathsOf(store, root), []);
  t.is((await entriesOf(store, root))[0]![1].mode, 0o711);
  await t.throwsAsync(edit.put('', file()));
});

test('any edits give the tree that the model says, in one commit or in several', async (t) => {
  await fc.assert(
    fc.asyncProperty(arbitraryEdits, fc.integer({ min: 1, max: 9 }), async (edits, every) => {
      const catalog = memoryCatalog();
      const model = new Map<string, Entry>();
      const once = editTree(createTreeStore(catalog), undefined);
      let pieces = await editTree(createTreeStore(catalog), undefined).commit();
      let piece = editTree(createTreeStore(catalog), pieces);
      for (const [i, { path, entry }] of edits.entries()) {
        if (!editModel(model, { path, entry })) continue;
        if (entry) await Promise.all([once.put(path, entry), piece.put(path, entry)]);
        else await Promise.all([once.remove(path), piece.remove(path)]);
        if (i % every === 0) {
          pieces = await piece.commit();
          piece = editTree(createTreeStore(catalog), pieces);
        }
      }
      const root = await once.commit();
      t.deepEqual(await piece.commit(), root);
      const expected = [...model].sort(([a], [b]) => comparePaths(a, b));
      t.deepEqual((await entriesOf(createTreeStore(catalog), root)).slice(1), expected);
      for (const [path, entry] of expected) t.deepEqual(await once.lookup(path), entry);
    }),
    { numRuns: 60 },
  );
});
