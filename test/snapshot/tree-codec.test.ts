import test from 'ava';
import fc from 'fast-check';
import { digestOf } from '../../src/oci/digest.ts';
import type { TreeNode, TreeRef } from '../../src/snapshot/tree.ts';
import { decodeNode, encodeExact, encodeNode } from '../../src/snapshot/tree-codec.ts';
import { arbitraryEntry } from './support/arbitrary-tree.ts';
import { dir, file } from './support/entries.ts';

const ref = (name: string): TreeRef => ({ exact: digestOf(`exact ${name}`), content: digestOf(`content ${name}`) });

const arbitraryNode: fc.Arbitrary<TreeNode> = fc
  .uniqueArray(
    fc.record({
      name: fc.uint8Array({ maxLength: 8 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
      entry: arbitraryEntry,
      hardlink: fc.option(fc.string(), { nil: undefined, freq: 3 }),
    }),
    { selector: ({ name }) => name, maxLength: 12 },
  )
  .map((found) => ({
    children: found
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .map(({ name, entry, hardlink }) => {
        const linked = hardlink === undefined || entry.type === 'dir' ? entry : { ...entry, hardlink };
        return entry.type === 'dir' ? { name, entry: linked, tree: ref(name) } : { name, entry: linked };
      }),
  }));

test('a node survives encoding, whatever its fields', (t) => {
  fc.assert(
    fc.property(arbitraryNode, (node) => {
      const { value, ref: found } = encodeNode(node);
      t.deepEqual(decodeNode(value), node);
      t.is(found.exact, digestOf(value));
      t.deepEqual(encodeExact(decodeNode(value)), value);
    }),
  );
});

test('the content digest leaves out mtimes, here and below, and nothing else', (t) => {
  const node = (...children: TreeNode['children']): TreeRef => encodeNode({ children }).ref;
  const a = node({ name: 'f', entry: file('x', { mtime: 1n }) });
  const b = node({ name: 'f', entry: file('x', { mtime: -2n }) });
  t.is(a.content, b.content);
  t.not(a.exact, b.exact);
  const above = [a, b].map((tree, i) => node({ name: 'd', entry: dir({ mtime: BigInt(i) }), tree }));
  t.is(above[0]!.content, above[1]!.content);
  t.not(above[0]!.exact, above[1]!.exact);
  const plain = node({ name: 'f', entry: file('x') });
  for (const entry of [
    file('y'),
    file('x', { size: 2 }),
    file('x', { mode: 0o600 }),
    file('x', { uid: 1 }),
    file('x', { gid: 1 }),
    file('x', { hardlink: '1' }),
    file('x', { xattrs: [['user.a', Buffer.from('1')]] }),
  ])
    t.not(node({ name: 'f', entry }).content, plain.content);
  t.not(node({ name: 'g', entry: file('x') }).content, plain.content);
});

test('the digests of format 1 stay as they are', (t) => {
  const node: TreeNode = {
    children: [
      { name: 'bin', entry: dir({ mtime: -1n }), tree: encodeNode({ children: [] }).ref },
      {
        name: 'f\xff',
        entry: file('hello', { uid: 70000, xattrs: [['security.capability', Buffer.from([1, 0x80])]] }),
      },
      { name: 'l', entry: { ...file(), type: 'symlink', target: '../x', digest: undefined } as never },
    ],
  };
  t.deepEqual(encodeNode(node).ref, {
    exact: 'sha256:3bcb335f6cd66f8874e892845965e05e1728201c7cd73d616fd7c103d67a2535',
    content: 'sha256:7a466127acd2b6492ab4001427798c79e13fac12fa584685df60b3ef78c6acec',
  } as never);
});

test('a file without digest, a directory without node, and unsorted names are refused', (t) => {
  const { digest, ...bare } = file('x');
  t.truthy(digest);
  t.throws(() => encodeNode({ children: [{ name: 'f', entry: bare }] }), { message: /no digest/ });
  t.throws(() => encodeNode({ children: [{ name: 'd', entry: dir() }] }), { message: /has a node/ });
  t.throws(
    () =>
      encodeNode({
        children: [
          { name: 'b', entry: file() },
          { name: 'a', entry: file() },
        ],
      }),
    { message: /comes after/ },
  );
  t.throws(() => encodeNode({ children: [{ name: '€', entry: file() }] }), { message: /not a byte string/ });
});

test('damaged bytes are an error, never a node', (t) => {
  const { value } = encodeNode({ children: [{ name: 'f', entry: file('x') }] });
  for (let length = 0; length < value.length; length++)
    t.throws(() => decodeNode(value.subarray(0, length)), { instanceOf: RangeError });
  t.throws(() => decodeNode(Buffer.concat([value, Buffer.alloc(1)])), { instanceOf: RangeError });
  t.throws(() => decodeNode(Buffer.concat([Buffer.from([2]), value.subarray(1)])), { instanceOf: RangeError });
});
