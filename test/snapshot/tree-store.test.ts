import test from 'ava';
import { digestHex, digestOf } from '../../src/oci/digest.ts';
import { encodeNode } from '../../src/snapshot/tree-codec.ts';
import { createTreeStore } from '../../src/snapshot/tree-store.ts';
import { file } from './support/entries.ts';
import { memoryCatalog } from './support/memory-catalog.ts';

const node = (name: string) => {
  const made = { children: [{ name, entry: file(name) }] };
  return { ref: encodeNode(made).ref, node: made };
};

test('a saved node is there for another store on the same catalog', async (t) => {
  const catalog = memoryCatalog();
  const a = node('a');
  await createTreeStore(catalog).save([a, node('b')]);
  t.is(catalog.writes.length, 2);
  const other = createTreeStore(catalog);
  t.true(await other.has(a.ref.exact));
  t.deepEqual(await other.node(a.ref.exact), a.node);
  const before = catalog.reads.count;
  await other.node(a.ref.exact);
  t.is(catalog.reads.count, before);
});

test('a missing, a damaged and a swapped node are TREE_MISSING', async (t) => {
  const catalog = memoryCatalog();
  const a = node('a');
  const b = node('b');
  const store = createTreeStore(catalog);
  await t.throwsAsync(store.node(a.ref.exact), { code: 'TREE_MISSING' });
  t.false(await store.has(a.ref.exact));
  await store.save([a, b]);
  await catalog.write([{ type: 'put', space: 'tree', key: digestHex(a.ref.exact), value: encodeNode(b.node).value }]);
  await t.throwsAsync(createTreeStore(catalog).node(a.ref.exact), {
    code: 'TREE_MISSING',
    message: new RegExp(a.ref.exact),
  });
});

test('a node under a wrong digest is not written, nor are those beside it', async (t) => {
  const catalog = memoryCatalog();
  const wrong = { ...node('b'), ref: { exact: digestOf('no'), content: digestOf('no') } };
  await t.throwsAsync(createTreeStore(catalog).save([node('a'), wrong]));
  t.is(catalog.writes.length, 0);
});

test('the cache holds what was used last, up to its bound', async (t) => {
  const catalog = memoryCatalog();
  const store = createTreeStore(catalog, 4); // two nodes of one entry
  const [a, b, c] = [node('a'), node('b'), node('c')];
  await store.save([a, b]);
  await store.node(a.ref.exact);
  await store.save([c]); // b goes
  t.is(catalog.reads.count, 0);
  await store.node(a.ref.exact);
  await store.node(c.ref.exact);
  t.is(catalog.reads.count, 0);
  await store.node(b.ref.exact);
  t.is(catalog.reads.count, 1);
});
