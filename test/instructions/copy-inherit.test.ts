import test from 'ava';
import { createInheritance } from '../../src/instructions/copy-inherit.ts';
import { digestOf } from '../../src/oci/digest.ts';
import type { Entry } from '../../src/snapshot/entry.ts';

const file = (over: Partial<Entry> = {}): Entry => ({
  type: 'file',
  mode: 0o644,
  uid: 0,
  gid: 0,
  mtime: 2n,
  size: 1,
  digest: digestOf('a'),
  ...over,
});

const previous = (entries: Readonly<Record<string, Entry>>) => ({
  lookup: async (path: string): Promise<Entry | undefined> => entries[path],
});

const CHANGES: readonly (readonly [string, Partial<Entry>])[] = [
  ['content', { digest: digestOf('b') }],
  ['mode', { mode: 0o755 }],
  ['uid', { uid: 1 }],
  ['gid', { gid: 1 }],
  ['xattrs', { xattrs: [['user.a', Buffer.from('1')]] }],
  ['hard link', { hardlink: 'other' }],
  ['type', { type: 'fifo' }],
];

for (const [what, over] of CHANGES) {
  test(`an entry with another ${what} has its own mtime`, async (t) => {
    const inherit = createInheritance({ previous: previous({ f: file({ mtime: 1n }) }) });
    t.is((await inherit('f', file(over))).mtime, 2n);
    t.is((await inherit('f', file())).mtime, 1n);
    t.is((await inherit('g', file())).mtime, 2n);
  });
}

test('names of one file get one mtime, though the last result has only one of them', async (t) => {
  const old = file({ mtime: 1n, hardlink: 'h' });
  const name = file({ hardlink: 'h' });
  for (const [entries, expected] of [
    [{ a: old }, 1n],
    [{ b: old }, 2n],
  ] as const) {
    const inherit = createInheritance({ previous: previous(entries) });
    t.deepEqual([(await inherit('a', name)).mtime, (await inherit('b', name)).mtime], [expected, expected]);
  }
});

test('mtimes that are set by rule stay', async (t) => {
  const inherit = createInheritance({ previous: previous({ f: file({ mtime: 1n }) }), mtime: 5n });
  t.is((await inherit('f', file({ mtime: 5n }))).mtime, 5n);
});
