import test from 'ava';
import { choosePruned, type PrunePolicy } from '../../../src/build/store/prune-choice.ts';
import type { References } from '../../../src/build/store/store-references.ts';
import type { UsedObject } from '../../../src/build/store/store-usage.ts';
import { digestOf } from '../../../src/oci/digest.ts';

const hexOf = (text: string): string => digestOf(text).slice('sha256:'.length);

function object(name: string, more: Partial<UsedObject>): UsedObject {
  return {
    kind: 'blob',
    name: hexOf(name),
    path: name,
    bytes: 100,
    changed: 0,
    lastUsed: 0,
    held: false,
    named: false,
    referenced: true,
    ...more,
  };
}

const old = object('old', { lastUsed: 1000 });
const unpackedOld = object('layer of old', { kind: 'layer', lastUsed: 1500, bytes: 300 });
const middle = object('middle', { lastUsed: 2000 });
const mount = object('mount', { kind: 'mount', lastUsed: 2000 });
const named = object('named', { lastUsed: 500, named: true });
const held = object('held', { lastUsed: 400, held: true });
const stray = object('stray', { lastUsed: 4000, referenced: false });
const heldStray = object('held stray', { lastUsed: 4000, referenced: false, held: true });
const objects = [stray, heldStray, named, held, middle, mount, unpackedOld, old];
const references: References = {
  images: [],
  blobs: new Map(),
  layers: new Map([
    [
      unpackedOld.name,
      [{ descriptor: { mediaType: 'x', digest: digestOf('old'), size: 1 }, diffId: digestOf('layer of old') }],
    ],
  ]),
  chains: new Set(),
};

const rows: readonly [title: string, policy: Partial<PrunePolicy>, free: number, expected: readonly string[]][] = [
  ['without a policy what nothing refers to', {}, 0, ['stray: unreferenced']],
  [
    'by age',
    { olderThan: 3000 },
    0,
    ['stray: unreferenced', 'old: age', 'layer of old: age', 'mount: age', 'middle: age'],
  ],
  ['a little younger is kept', { olderThan: 3600 }, 0, ['stray: unreferenced', 'old: age', 'layer of old: age']],
  ['by size: what is unreferenced may be enough', { maxBytes: 950 }, 0, ['stray: unreferenced']],
  [
    'by size, least recently used first; a blob takes its unpacked layer along',
    { maxBytes: 900 },
    0,
    ['stray: unreferenced', 'old: size', 'layer of old: size'],
  ],
  [
    'by size, all that may go is not enough',
    { maxBytes: 0 },
    0,
    ['stray: unreferenced', 'old: size', 'layer of old: size', 'mount: size', 'middle: size'],
  ],
  ['by free space that is there', { minFreeBytes: 100 }, 50, ['stray: unreferenced']],
  [
    'by free space',
    { minFreeBytes: 601 },
    100,
    ['stray: unreferenced', 'old: free space', 'layer of old: free space', 'mount: free space'],
  ],
  [
    'all: named images too, and still nothing that is held',
    { all: true },
    0,
    ['stray: unreferenced', 'named: all', 'old: all', 'layer of old: all', 'mount: all', 'middle: all'],
  ],
  ['all, within a limit', { all: true, olderThan: 4500 }, 0, ['stray: unreferenced', 'named: age']],
];

for (const [title, policy, free, expected] of rows) {
  test(title, (t) => {
    const known = { objects, references };
    const chosen = choosePruned(known, { all: false, ...policy }, { now: 5000, free, otherBytes: 50 });
    t.deepEqual(
      chosen.map(({ object: { path }, reason }) => `${path}: ${reason}`),
      expected,
    );
  });
}
