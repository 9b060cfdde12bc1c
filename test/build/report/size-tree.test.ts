import test from 'ava';
import { sizeTree } from '../../../src/build/report/size-tree.ts';

test('sizes by directory: largest first, what is too small for a picture together, nothing lost', (t) => {
  const files = [
    { path: 'usr/lib/big', bytes: 9000 },
    { path: 'usr/bin/a', bytes: 500 },
    { path: 'usr/bin/b', bytes: 400 },
    ...Array.from({ length: 100 }, (_, i) => ({ path: `etc/f${i}`, bytes: 1 })),
  ];
  const tree = sizeTree('/', files, 10_000);
  t.is(tree.bytes, 10_000);
  t.is(tree.files, 103);
  t.deepEqual(
    tree.children.map(({ name, bytes }) => [name, bytes]),
    [
      ['usr', 9900],
      ['etc', 100],
    ],
  );
  t.deepEqual(tree.children[1]!.children, []);
  const bins = tree.children[0]!.children.find(({ name }) => name === 'bin')!;
  t.is(bins.bytes, 900);
  t.is(
    bins.children.reduce((sum, { bytes }) => sum + bytes, 0),
    900,
  );
});

test('100,000 paths of any depth are a tree of a few hundred nodes', (t) => {
  function* files() {
    for (let i = 0; i < 100_000; i++) yield { path: `d${i % 10}/e${i % 7}/f/g/h/i/j/k/l${i % 50}`, bytes: 1 };
  }
  const count = ({ children }: ReturnType<typeof sizeTree>): number =>
    1 + children.reduce((sum, child) => sum + count(child), 0);
  const tree = sizeTree('/', files(), 100_000);
  t.is(tree.files, 100_000);
  t.true(count(tree) < 1000);
});
