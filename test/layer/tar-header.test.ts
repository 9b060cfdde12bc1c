import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import type { TarEntry } from '../../src/layer/tar-entry.ts';
import { tarHeader } from '../../src/layer/tar-header.ts';
import { createTarReader } from '../../src/layer/tar-reader.ts';
import type { Entry } from '../../src/snapshot/entry.ts';
import { PLAIN } from '../fixtures/layer-items.ts';
import { TAR_TRAILER } from '../fixtures/make-tar.ts';

const file: Entry = { type: 'file', ...PLAIN };

/** What no ustar field holds, one by one and together. */
const ENTRIES: readonly (readonly [path: string, entry: Entry])[] = [
  ['plain', file],
  ['', { ...file, type: 'dir', mode: 0o755 }],
  ['dir', { ...file, type: 'dir', mode: 0o1777 }],
  ['after-2038', { ...file, mtime: 2_208_988_800_000_000_000n }],
  ['after-2242', { ...file, mtime: 2n ** 33n * 1_000_000_000n }],
  ['negative', { ...file, mtime: -1n }],
  ['negative-whole', { ...file, mtime: -86_400_000_000_000n }],
  ['nanoseconds', { ...file, mtime: 1_700_000_000_123_456_789n }],
  ['owner', { ...file, uid: 2 ** 32 - 2, gid: 2 ** 32 - 2 }],
  ['owner-octal', { ...file, uid: 0o7777777, gid: 0o10000000 }],
  ['setuid', { ...file, mode: 0o6755 }],
  [`long/${'n'.repeat(100)}`, file],
  [`${'p'.repeat(155)}/${'n'.repeat(100)}`, file],
  [`${'p'.repeat(156)}/${'n'.repeat(100)}`, file],
  [`${'d'.repeat(99)}`, { ...file, type: 'dir' }],
  [`${'d'.repeat(100)}`, { ...file, type: 'dir' }],
  [Array.from({ length: 16 }, () => 'x'.repeat(255)).join('/'), file],
  ['caf\xc3\xa9', file],
  ['not-utf8-\xff\xfe', file],
  [`${'\xff'.repeat(200)}`, file],
  ['link', { ...file, type: 'symlink', mode: 0o777, target: '../\xe9/x' }],
  ['long-link', { ...file, type: 'symlink', mode: 0o777, target: 't'.repeat(4095) }],
  ['char', { ...file, type: 'char', device: [0o7777777, 1_048_575] }],
  ['block', { ...file, type: 'block', device: [8, 1] }],
  ['fifo', { ...file, type: 'fifo' }],
  [
    'attributes',
    {
      ...file,
      xattrs: [
        ['security.capability', Buffer.from('0100000200200000800000ff0a3d00fe', 'hex')],
        ['user.empty', Buffer.alloc(0)],
        ['user.\u00e9', Buffer.from([0, 0x80, 0xff, 0x0a])],
      ],
    },
  ],
];

function readBack(tar: Buffer): TarEntry[] {
  const entries: TarEntry[] = [];
  const reader = createTarReader({ entry: (entry) => entries.push(entry), data() {}, end() {} });
  reader.push(tar);
  reader.finish();
  return entries;
}

test('everything an entry says comes back', (t) => {
  const read = readBack(Buffer.concat([...ENTRIES.map(([path, entry]) => tarHeader(path, entry)), TAR_TRAILER]));
  t.is(read.length, ENTRIES.length);
  ENTRIES.forEach(([path, entry], i) => {
    const name = entry.type === 'dir' ? (path === '' ? './' : `${path}/`) : path;
    const { xattrs = [], target = '', device = [0, 0], ...rest } = entry;
    t.deepEqual(read[i], { ...rest, name, link: target, device, xattrs });
  });
});

test('the same entry gives the same bytes, whatever the order of its attributes', (t) => {
  for (const [path, entry] of ENTRIES) {
    t.deepEqual(tarHeader(path, entry), tarHeader(path, { ...entry }));
    const xattrs = [...(entry.xattrs ?? [])].reverse();
    t.deepEqual(tarHeader(path, entry), tarHeader(path, { ...entry, xattrs }));
  }
});

test('an entry that ustar can say has one block', (t) => {
  for (const path of ['plain', `long/${'n'.repeat(100)}`, 'caf\xc3\xa9']) t.is(tarHeader(path, file).length, 512);
  t.is(tarHeader('owner', { ...file, uid: 0o7777777 }).length, 512);
  t.is(tarHeader('x', { ...file, mtime: 1n }).length, 512 * 3);
});

test('sizes of 8 GiB and more are a PAX record', (t) => {
  const sizes: number[] = [];
  for (const size of [0o77777777777, 2 ** 33, 2 ** 50]) {
    const reader = createTarReader({ entry: (entry) => sizes.push(entry.size), data() {}, end() {} });
    reader.push(tarHeader('big', { ...file, size }));
  }
  t.deepEqual(sizes, [0o77777777777, 2 ** 33, 2 ** 50]);
});

test('a hard link has no content, no attributes, and a long target where needed', (t) => {
  const target = `${'a/'.repeat(100)}b`;
  const header = tarHeader('name', { ...file, size: 5, xattrs: [['user.x', Buffer.from('y')]] }, target);
  const [entry] = readBack(Buffer.concat([header, TAR_TRAILER]));
  t.like(entry, { type: 'hardlink', link: target, size: 0, xattrs: [] });
});

test('what tar cannot say is refused by name', (t) => {
  const rows: Entry[] = [
    { ...file, xattrs: [['user.a=b', Buffer.from('x')]] },
    { ...file, type: 'char', device: [0o10000000, 0] },
    { ...file, xattrs: Array.from({ length: 20 }, (_, i) => [`user.${i}`, Buffer.alloc(65536)] as const) },
  ];
  for (const entry of rows) {
    const error = t.throws(() => tarHeader('some/name', entry), { code: 'LAYER_ENTRY_UNSUPPORTED' });
    t.regex(error.message, /\/some\/name/);
  }
});

test('GNU tar and Python read the same', (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'varve-header-'));
  t.teardown(() => rmSync(dir, { recursive: true }));
  const tar = join(dir, 'a.tar');
  const shown = ENTRIES.filter(([path]) => path !== '');
  writeFileSync(tar, Buffer.concat([...shown.map(([path, entry]) => tarHeader(path, entry)), TAR_TRAILER]));
  const names = shown.map(([path, entry]) => (entry.type === 'dir' ? `${path}/` : path));
  const listed = execFileSync('tar', ['--quoting-style=literal', '--show-transformed-names', '-tf', tar], {
    encoding: 'latin1',
  });
  t.deepEqual(listed.trimEnd().split('\n'), names);
  const verbose = execFileSync('tar', ['--numeric-owner', '--full-time', '--utc', '-tvf', tar], { encoding: 'latin1' });
  t.regex(verbose, /4294967294\/4294967294 +0 2020-09-13 12:26:40 +owner\n/);
  t.regex(verbose, /2040-01-01 00:00:00 +after-2038\n/);
  t.regex(verbose, /2023-11-14 22:13:20\.123456789 +nanoseconds\n/);
  t.regex(verbose, /^-rwsr-sr-x 0\/0 .* setuid$/m);
  const script = [
    'import sys, tarfile',
    't = tarfile.open(sys.argv[1], errors="surrogateescape")',
    'for m in t: print(m.type.decode(), m.mode, m.uid, m.gid, m.devmajor, m.devminor, m.name.encode("utf-8", "surrogateescape").hex())',
  ];
  const rows = execFileSync('python3', ['-c', script.join('\n'), tar], { encoding: 'utf8' })
    .trimEnd()
    .split('\n');
  const flags = { file: 0, symlink: 2, char: 3, block: 4, dir: 5, fifo: 6 };
  shown.forEach(([path, { type, mode, uid, gid, device = [0, 0] }], i) => {
    const hex = Buffer.from(path, 'latin1').toString('hex');
    t.is(rows[i], [flags[type], mode, uid, gid, ...device, hex].join(' '));
  });
});
