import { promisify } from 'node:util';
import { zstdCompress } from 'node:zlib';
import test from 'ava';
import { digestOf } from '../../src/oci/digest.ts';
import { decodeChanges, encodeChanges } from '../../src/snapshot/changes-codec.ts';
import type { Entry, LayerItem } from '../../src/snapshot/entry.ts';

const plain: Omit<Entry, 'type'> = { mode: 0o7755, uid: 4_294_967_294, gid: 0, mtime: 0n, size: 0 };
const file: Entry = { ...plain, type: 'file', size: 5, digest: digestOf('hello') };
const ITEMS: LayerItem[] = [
  { kind: 'entry', path: '', entry: { ...plain, type: 'dir', mtime: -1n } },
  { kind: 'whiteout', path: 'gone' },
  { kind: 'entry', path: 'd\xff\xfe', entry: { ...plain, type: 'dir', mtime: 9_999_999_999_999_999_999n } },
  { kind: 'opaque', path: 'd\xff\xfe' },
  { kind: 'entry', path: 'd\xff\xfe/a', entry: { ...file, hardlink: 'id' } },
  { kind: 'entry', path: 'd\xff\xfe/b', entry: { ...file, hardlink: 'id' } },
  {
    kind: 'entry',
    path: 'cap',
    entry: { ...file, xattrs: [['security.capability', Buffer.from([0, 128, 255])]] },
  },
  { kind: 'entry', path: 'link', entry: { ...plain, type: 'symlink', target: '\x80/x' } },
  { kind: 'entry', path: 'null', entry: { ...plain, type: 'char', device: [1, 3] } },
  { kind: 'entry', path: 'pipe', entry: { ...plain, type: 'fifo' } },
];

test('what a step changed comes back as it was', async (t) => {
  t.deepEqual(await decodeChanges(await encodeChanges(ITEMS)), ITEMS);
  t.deepEqual(await decodeChanges(await encodeChanges([])), []);
});

test('the same changes are the same bytes', async (t) => {
  const bytes = await encodeChanges(ITEMS);
  t.deepEqual(await encodeChanges(await decodeChanges(bytes)), bytes);
});

test('what is no list of changes is refused', async (t) => {
  const refused = async (value: unknown) => {
    const bytes = await promisify(zstdCompress)(Buffer.from(JSON.stringify(value)));
    await t.throwsAsync(decodeChanges(bytes), undefined, JSON.stringify(value));
  };
  const row = { kind: 'entry', path: 'a', entry: { ...file, mtime: '0' } };
  await refused({});
  await refused([{ ...row, kind: 'other' }]);
  await refused([{ ...row, path: '\u0100' }]);
  await refused([{ ...row, entry: { ...row.entry, mode: 0o10000 } }]);
  await refused([{ ...row, entry: { ...row.entry, mtime: 'x' } }]);
  await refused([{ ...row, entry: { ...row.entry, digest: undefined } }]);
  await refused([{ ...row, entry: { ...row.entry, type: 'dir' } }]);
  await refused([{ ...row, entry: { ...row.entry, extra: 1 } }]);
  await t.throwsAsync(decodeChanges(Buffer.from('no zstd')));
});
